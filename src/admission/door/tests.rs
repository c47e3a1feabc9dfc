//! The limits of clients and handshakes, for an address and for the networks around it.

use super::*;
use crate::admission::limits::LEAST_ARRIVING;

use std::net::Ipv4Addr;

const NOW: Duration = Duration::ZERO;

fn limits(max_clients: usize, max_per_ip: usize) -> Limits {
    Limits { max_clients, max_per_ip, ..Limits::USUAL }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl Door {
    fn admit(
        self: &Arc<Self>,
        ip: IpAddr,
        limits: &Limits,
        now: Duration,
    ) -> Result<Slot, TurnedAway> {
        self.enter(ip, ip.to_canonical().is_loopback(), limits, now)
    }

    fn begin(
        self: &Arc<Self>,
        ip: IpAddr,
        share: Share,
        is_tls: bool,
        limits: &Limits,
        now: Duration,
    ) -> Result<HandshakeSlot, Crowd> {
        let mut slot = self.begin_handshake(share)?;
        slot.attribute(ip, ip.to_canonical().is_loopback(), is_tls, limits, now)?;
        Ok(slot)
    }
}

#[test]
fn the_door_closes_when_full_and_opens_when_somebody_leaves() {
    let (door, limits) = (Arc::new(Door::default()), limits(2, 64));
    let first = door.admit(ip("192.0.2.1"), &limits, NOW).unwrap();
    let _second = door.admit(ip("192.0.2.2"), &limits, NOW).unwrap();
    assert_eq!(door.admit(ip("192.0.2.3"), &limits, NOW).err(), Some(TurnedAway::Full(2)));
    drop(first);
    assert!(door.admit(ip("192.0.2.3"), &limits, NOW).is_ok());
}

#[test]
fn an_ipv4_address_and_an_ipv6_64_have_so_many_places_and_loopback_any() {
    let (door, limits) = (Arc::new(Door::default()), limits(100, 1));
    let _held =
        ["192.0.2.1", "2001:db8::1"].map(|from| door.admit(ip(from), &limits, NOW).unwrap());
    for from in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::2"] {
        let refused = door.admit(ip(from), &limits, NOW).err();
        assert_eq!(refused, Some(TurnedAway::TooManyFromThere(1)), "{from}");
    }
    let many = ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"];
    let _loopback = many.map(|from| door.admit(ip(from), &limits, NOW).unwrap());
}

#[test]
fn the_64s_of_one_customer_have_a_limit_together() {
    let (door, limits) = (Arc::new(Door::default()), limits(10_000, 2));
    let from = |subnet: u32| ip(&format!("2001:db8:0:{subnet:x}::1"));
    let enter = |subnet| door.admit(from(subnet), &limits, NOW);
    // In a /56 four times as many as in a /64, in a /48 sixteen times.
    let mut held: Vec<_> = (0..8).map(|subnet| enter(subnet).unwrap()).collect();
    assert_eq!(enter(8).err(), Some(TurnedAway::TooManyFromNetwork(8)));
    held.extend(
        (1..4)
            .flat_map(|site| (0..8).map(move |own| 256 * site + own))
            .map(|subnet| enter(subnet).unwrap()),
    );
    assert_eq!(held.len(), 32);
    assert_eq!(enter(0x400).err(), Some(TurnedAway::TooManyFromNetwork(32)));
    assert!(door.admit(ip("2001:db8:1::1"), &limits, NOW).is_ok());
    held.truncate(7);
    assert!(enter(8).is_ok());
    assert_eq!(door.lock().by_address[&Address::of(from(0))].clients, 1);
}

#[test]
fn the_64s_of_one_customer_share_what_they_may_say_and_how_many_come_at_once() {
    let (door, limits) = (Arc::new(Door::default()), limits(10_000, 1));
    let from = |subnet: u32| ip(&format!("2001:db8:0:{subnet:x}::1"));
    let bursts = (0..6).map(|subnet| door.admit(from(subnet), &limits, NOW).unwrap().burst);
    assert_eq!(bursts.collect::<Vec<_>>(), [20, 20, 20, 20, 0, 0]);
    let come = |subnet| door.begin(from(subnet), Share::Clients, false, &limits, NOW);
    let handshakes: Vec<_> =
        (0..2 * LEAST_ARRIVING as u32).map(|subnet| come(subnet).unwrap()).collect();
    assert_eq!(come(200).err(), Some(Crowd::There));
    drop(handshakes);
    assert!(come(200).is_ok());
    // In one /56 twice as many handshakes as in one /64.
    let shake = |subnet| door.begin(from(subnet), Share::Clients, true, &limits, NOW).is_ok();
    assert_eq!((0..256).filter(|&subnet| shake(subnet)).count(), 128);
}

#[test]
fn coming_back_again_and_again_gives_an_address_no_more_than_staying() {
    let (door, limits) = (Arc::new(Door::default()), limits(100, 3));
    let bursts = |from, now| {
        let slot = |_| door.admit(ip(from), &limits, now).unwrap().burst;
        (0..5).map(slot).collect::<Vec<_>>()
    };
    assert_eq!(bursts("192.0.2.1", NOW), [20, 20, 20, 0, 0]);
    assert_eq!(bursts("192.0.2.2", NOW), [20, 20, 20, 0, 0]);
    assert_eq!(bursts("127.0.0.1", NOW), [20; 5]);
    assert_eq!(bursts("192.0.2.1", Duration::from_secs(2)), [20, 10, 0, 0, 0]);
}

#[test]
fn only_so_many_are_on_their_way_in_at_once() {
    let door = Arc::new(Door::default());
    let come = |from, limits: &_| door.begin(ip(from), Share::Clients, false, limits, NOW);
    for (max_per_ip, most) in [(1, LEAST_ARRIVING), (20, 20)] {
        let limits = limits(2, max_per_ip);
        let first: Vec<_> = (0..most).map(|_| come("192.0.2.1", &limits).unwrap()).collect();
        assert_eq!(come("192.0.2.1", &limits).err(), Some(Crowd::There));
        drop(first);
    }
    let limits = limits(2, 1);
    let crowd: Vec<_> =
        (0..Share::Clients.most()).map(|_| come("127.0.0.1", &limits).unwrap()).collect();
    for from in ["127.0.0.1", "192.0.2.1"] {
        assert_eq!(come(from, &limits).err(), Some(Crowd::Everywhere));
        for share in [Share::Figures, Share::Health] {
            assert!(door.begin(ip(from), share, false, &limits, NOW).is_ok());
        }
    }
    drop(crowd);
    assert!(come("192.0.2.1", &limits).is_ok());
}

#[test]
fn an_address_shakes_hands_only_so_often_and_loopback_as_often_as_it_likes() {
    let (door, limits) = (Arc::new(Door::default()), limits(100, 64));
    let shake = |from, now| door.begin(ip(from), Share::Clients, true, &limits, now);
    let burst = |from, now| (0..2000).filter(|_| shake(from, now).is_ok()).count();
    assert_eq!(burst("192.0.2.1", NOW), 256);
    assert_eq!(shake("192.0.2.1", NOW).err(), Some(Crowd::Handshakes));
    assert_eq!(burst("192.0.2.1", Duration::from_secs(1)), 32);
    assert_eq!(burst("2001:db8::1", NOW) + burst("2001:db8::2", NOW), 256, "a /64");
    assert_eq!(burst("127.0.0.1", NOW), 2000);
    assert!(door.begin(ip("192.0.2.1"), Share::Clients, false, &limits, NOW).is_ok());
}

#[test]
fn addresses_are_forgotten_when_nobody_is_here_from_them() {
    let (door, limits) = (Arc::new(Door::default()), limits(100, 1));
    let stays = door.admit(ip("192.0.2.1"), &limits, NOW);
    for number in 0..10_000u32 {
        let now = Duration::from_millis(u64::from(number));
        assert!(door.admit(Ipv4Addr::from_bits(number).into(), &limits, now).is_ok());
    }
    let inside = door.lock();
    assert!(inside.by_address.len() < 10_000 && inside.clients == 1);
    assert!(inside.by_address.contains_key(&Address::of(ip("192.0.2.1"))));
    drop((inside, stays));
}

#[test]
fn a_proxys_handshake_counts_for_the_client_once_that_is_known() {
    let (door, limits) = (Arc::new(Door::default()), limits(100, 1));
    let mut from_proxy: Vec<_> =
        (0..2 * LEAST_ARRIVING).map(|_| door.begin_handshake(Share::Clients).unwrap()).collect();
    let mut attribute =
        |slot: usize, from| from_proxy[slot].attribute(ip(from), false, false, &limits, NOW);
    assert!((0..LEAST_ARRIVING).all(|slot| attribute(slot, "192.0.2.1").is_ok()));
    assert_eq!(attribute(LEAST_ARRIVING, "192.0.2.1"), Err(Crowd::There));
    assert_eq!(attribute(LEAST_ARRIVING, "192.0.2.2"), Ok(()));
    assert_eq!(attribute(0, "192.0.2.2"), Ok(()));
    assert_eq!(attribute(LEAST_ARRIVING + 1, "192.0.2.1"), Ok(()));
    drop(from_proxy);
    assert_eq!(door.handshakes(), 0);
    assert!(door.lock().by_address.values().all(|there| there.handshakes == [0; Share::COUNT]));
}

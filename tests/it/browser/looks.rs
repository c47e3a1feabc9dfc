//! How the page looks and behaves: scrolling, small screens, colours.

use serde_json::json;

use super::driver::Browser;
use super::server;
use super::tab::{ENTER, Tab};
use crate::harness::people;

const ESCAPE: &str = "\u{e00c}";

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn the_log_stays_at_the_bottom_unless_one_reads_further_up() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    let left = "Math.round(log.scrollHeight - log.scrollTop - log.clientHeight)";
    let left =
        format!("(() => {{ const log = document.querySelector('#log'); return {left} < 2 }})()");
    for number in 1..=1100 {
        bob.send(&format!("line {number}"));
    }
    alice.shows("said", "bob", "line 1100");
    alice.has("document.querySelector('#log').childElementCount", 1000);
    alice.has(&left, true);
    alice.has("document.querySelector('#new').hidden", true);

    alice.run("document.querySelector('#log').scrollTop = 0", &[]);
    alice.has(&left, false);
    // Only the next frame tells the page.
    alice.has("document.querySelector('#log').style.overflowAnchor", "auto");
    bob.send("down here");
    alice.shows_in("#new", "1 new message");
    bob.send("and here");
    alice.shows_in("#new", "2 new messages");
    alice.has(&left, false);
    alice.click("#new");
    alice.has(&left, true);
    alice.has("document.querySelector('#new').hidden", true);
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn a_small_phone_shows_everything_without_scrolling_sideways() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("a-name-of-16-abc");
    let phone = json!({ "width": 320, "height": 568, "deviceScaleFactor": 2, "mobile": true });
    alice.devtools("Emulation.setDeviceMetricsOverride", phone);
    bob.send(&format!("{}\nhttps://example.org/{}", "x".repeat(500), "y".repeat(500)));
    bob.send(&format!("/topic {}", "z".repeat(300)));
    alice.says("/help");
    alice.has("document.querySelectorAll('#log > [data-kind=notice]').length > 20", true);
    let wide = "[document.documentElement, document.body, document.querySelector('#log')]\
        .filter((one) => one.scrollWidth > one.clientWidth).length";
    alice.has("innerWidth", 320);
    alice.has(wide, 0);
    // Anything smaller makes a phone zoom in.
    alice.has("getComputedStyle(document.querySelector('#input')).fontSize", "16px");

    let visible = "getComputedStyle(document.querySelector('#side')).visibility";
    alice.has(visible, "hidden");
    alice.type_into("#menu", ENTER);
    alice.has(visible, "visible");
    alice.has("document.querySelector('#menu').ariaExpanded", "true");
    alice.has_people(&["a-name-of-16-abc", "bob"]);
    alice.type_into("#where", ESCAPE);
    alice.has(visible, "hidden");
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn what_was_said_last_stays_in_sight_at_another_size() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    for number in 1..=50 {
        bob.send(&format!("line {number} {}", "x ".repeat(100)));
    }
    alice.shows("said", "bob", &format!("line 50 {}", "x ".repeat(100)));
    let log = "document.querySelector('#log')";
    let left = format!("{log}.scrollHeight - {log}.scrollTop - {log}.clientHeight < 2");
    for [width, height] in [[320, 568], [568, 320], [1200, 3000], [320, 568]] {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true });
        alice.devtools("Emulation.setDeviceMetricsOverride", size);
        alice.has("innerWidth", width);
        alice.has(&left, true);
        // One line needs nothing to scroll it by, nor do several.
        for text in ["", "one", "one\ntwo"] {
            alice.run(
                "const input = document.querySelector('#input');
                input.value = arguments[0];
                input.oninput();",
                &[json!(text)],
            );
            alice.has(
                "document.querySelector('#input').scrollHeight \
                    <= document.querySelector('#input').clientHeight",
                true,
            );
        }
    }
}

#[test]
#[ignore = "needs a browser (chromium, chromium-driver)"]
fn every_colour_can_be_read_on_light_and_on_dark() {
    let (server, browser) = (server(), Browser::start());
    let [mut bob] = people(&server, ["bob"]);
    let alice = Tab::first(&browser, &server).named("alice");
    bob.send("hi alice, https://example.org/\n/msg alice psst\n`code`\n```\ncode\n```");
    bob.sync();
    alice.says("/help\n/nope");
    alice.shows("refused", "", "unknown command /nope; try /help");
    alice.types("/");
    for scheme in ["light", "dark"] {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        alice.devtools("Emulation.setEmulatedMedia", json!({ "features": features }));
        alice.has(&format!("matchMedia('(prefers-color-scheme: {scheme})').matches"), true);
        for opener in ["", "prefer", "nick", "setup"] {
            alice.run("document.getElementById(arguments[0])?.click()", &[json!(opener)]);
            alice.has("document.querySelector('dialog:modal') !== null", !opener.is_empty());
            let unreadable = alice.run(UNREADABLE, &[]);
            assert_eq!(unreadable, json!([]), "{scheme} {opener}");
            alice.run("document.querySelector('dialog:modal')?.close()", &[]);
        }
    }
}

/// The texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3), with every
/// hue that a nick can have.
const UNREADABLE: &str = "
    const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const luminance = (colours) => {
        pixel.clearRect(0, 0, 1, 1);
        for (const colour of colours) {
            pixel.fillStyle = colour;
            pixel.fillRect(0, 0, 1, 1);
        }
        const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map((byte) => byte / 255)
            .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (element) => {
        const behind = [];
        for (let one = element; one; one = one.parentElement) {
            behind.unshift(getComputedStyle(one).backgroundColor);
        }
        const [a, b] = [luminance(behind), luminance([...behind, getComputedStyle(element).color])];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    const unreadable = [];
    const judge = (element, what) => {
        const ratio = contrast(element);
        if (ratio < 4.5) unreadable.push(`${what}: ${ratio}`);
    };
    const shown = [...document.body.querySelectorAll('*')].filter((one) => one.checkVisibility()
        && [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
    if (shown.length < 30) unreadable.push(`only ${shown.length} texts`);
    for (const element of shown) judge(element, element.outerHTML);
    for (const nick of document.querySelectorAll('[data-kind=said] .nick, #people .nick')) {
        for (let hue = 0; hue < 360; hue += 1) {
            nick.style.setProperty('--hue', hue);
            judge(nick, `hue ${hue}`);
        }
    }
    return unreadable";

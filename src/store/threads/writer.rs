//! The thread `store`: writes what is handed over, and retries until it succeeds.
//!
//! One commit writes everything that queued up during the commit before it.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};
use rusqlite::{Connection, Result};

use super::forgetter::Forgetter;
use crate::chat::{
    Account, BanChange, ClientId, LineFilter, Moment, Nick, PasswordHash, PasswordId,
};
use crate::runtime::clock;
use crate::store::backlog::Queue;
use crate::store::event::Event;
use crate::store::file::database::Database;
use crate::store::item::Item;
use crate::store::request::{Answer, ChangeResult, Denial};
use crate::store::tables::lines::RoomIds;
use crate::store::tables::retention::Pruner;
use crate::store::tables::{accounts, bans, forget, lines, notes, roll};

/// The first pause after a failure, and the longest; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often to check for changes by another process, which takes some microseconds.
const CHECK: Duration = Duration::from_millis(200);

/// A change that the writer answers when it is on the disk.
#[derive(Debug)]
pub(crate) enum Change {
    Ban(ClientId, BanChange),
    Register(ClientId, Account, PasswordHash),
    /// The client gave the password that this account had when a password thread read it.
    LoggedIn(ClientId, Account, Moment),
    /// Gives the account a password with this hash, if its password is still that one.
    SetPassword(ClientId, Nick, PasswordId, PasswordHash),
    /// Forgets lines, once everything up to that number is written.
    Forget(ClientId, LineFilter, u64),
    /// Reports all accounts and bans.
    ReadRoll,
}

/// The channels that bring the writer its work.
#[derive(Debug)]
pub(crate) struct Inlets {
    pub(crate) queue: Queue,
    pub(crate) changes: Receiver<Change>,
    /// Disconnects when the store is to be closed.
    pub(crate) closing: Receiver<Infallible>,
}

/// The state of the thread.
#[derive(Debug)]
pub(crate) struct Writer<R> {
    database: Database,
    inlets: Inlets,
    rooms: RoomIds,
    pruner: Pruner,
    forgetter: Forgetter,
    checked: Instant,
    failing_since: Option<Instant>,
    report: R,
}

impl<R: FnMut(Event)> Writer<R> {
    pub(crate) fn new(database: Database, inlets: Inlets, pruner: Pruner, report: R) -> Self {
        Self {
            database,
            inlets,
            rooms: RoomIds::default(),
            pruner,
            forgetter: Forgetter::default(),
            checked: Instant::now(),
            failing_since: None,
            report,
        }
    }

    /// Writes until the store is closed, and then writes what is left.
    pub(crate) fn run(&mut self) {
        loop {
            let pause = self.next_chore().saturating_duration_since(Instant::now());
            select! {
                recv(self.inlets.queue.items) -> first => match first {
                    Ok(first) => {
                        let batch = self.inlets.queue.batch(Some(first));
                        if self.write(batch).is_err() {
                            return;
                        }
                    }
                    Err(_) => break,
                },
                recv(self.inlets.changes) -> change => match change {
                    Ok(change) => self.apply(change),
                    Err(_) => break,
                },
                default(pause) => {}
            }
            self.do_chores();
            // The overflow has no channel to wake this thread, so it is emptied with the queue.
            if self.inlets.queue.items.is_empty() && self.write_rest().is_err() {
                return;
            }
        }
        while let Ok(first) = self.inlets.queue.items.recv() {
            let batch = self.inlets.queue.batch(Some(first));
            if self.write(batch).is_err() {
                return;
            }
        }
        // Ends when the password threads, which may still hash, have ended.
        while let Ok(change) = self.inlets.changes.recv() {
            self.apply(change);
        }
        let _ = self.write_rest();
        while self.forgetter.next(&self.inlets.queue).is_some_and(|due| due <= Instant::now()) {
            self.forget();
        }
    }

    fn write_rest(&mut self) -> std::result::Result<(), ()> {
        let rest = self.inlets.queue.batch(None);
        if rest.is_empty() { Ok(()) } else { self.write(rest) }
    }

    /// Writes a batch, however long that takes; fails only when the store is closed meanwhile.
    fn write(&mut self, batch: Vec<Item>) -> std::result::Result<(), ()> {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = self.commit(&batch) {
            self.rooms.clear();
            self.fail(&error);
            if !self.wait_to_retry(pause) {
                log::error!("{} lines were never written: {error}", batch.len());
                return Err(());
            }
            pause = LONGEST_PAUSE.min(2 * pause);
        }
        let upto = self.inlets.queue.written(&batch);
        (self.report)(Event::Committed { upto });
        if let Some(since) = self.failing_since.take() {
            (self.report)(Event::Recovered { after: since.elapsed() });
        }
        for item in batch {
            if let Item::Gap { room, gap } = item {
                let (lines, from, to) = (gap.lines, gap.from, gap.to);
                (self.report)(Event::Lost { room, lines, from, to });
            }
        }
        let unmarked = self.inlets.queue.take_unmarked();
        if unmarked > 0 {
            (self.report)(Event::LostUnmarked { lines: unmarked });
        }
        let notes = self.inlets.queue.take_lost_notes();
        if notes > 0 {
            log::error!("{notes} changes of accounts, bans and kept rooms were never saved");
        }
        Ok(())
    }

    fn commit(&mut self, batch: &[Item]) -> Result<()> {
        let Self { database, rooms, pruner, .. } = self;
        database.change(|connection| {
            lines::insert(connection, rooms, batch, |room| pruner.note(room))?;
            notes::insert(connection, batch)
        })?;
        if batch.iter().any(Item::ends_keeping) {
            pruner.note_end_of_keeping();
        }
        Ok(())
    }

    fn fail(&mut self, error: &rusqlite::Error) {
        if self.failing_since.is_none() {
            self.failing_since = Some(Instant::now());
            (self.report)(Event::Failing { error: error.to_string() });
        }
    }

    /// Waits for `pause`, and returns whether to retry. Meanwhile it answers changes, which do not
    /// wait for the batch.
    fn wait_to_retry(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            select! {
                recv(self.inlets.changes) -> change => match change {
                    Ok(change) => self.apply(change),
                    Err(_) => return false,
                },
                recv(self.inlets.closing) -> _ => return false,
                default(until.saturating_duration_since(Instant::now())) => return true,
            }
        }
    }

    fn apply(&mut self, change: Change) {
        let (client, answer) = match change {
            Change::Ban(client, ban_change) => (client, self.change_ban(ban_change)),
            Change::Register(client, account, hash) => {
                let saved =
                    self.save(|connection| accounts::register(connection, &account, hash.as_str()));
                let registered = |()| Answer::Registered(account, None);
                (client, saved.map_or_else(Answer::NotAuthenticated, registered))
            }
            Change::Forget(client, filter, after) => {
                if !self.forgetter.is_full() {
                    return self.forgetter.add(Some(client), None, filter, after);
                }
                (client, Answer::Denied(Denial::Busy))
            }
            Change::ReadRoll => return self.report_roll(),
            Change::LoggedIn(client, account, at) => {
                let logged_in = self.confirm_login(&account, at);
                (client, logged_in.map_or_else(Answer::NotAuthenticated, Answer::LoggedIn))
            }
            Change::SetPassword(client, nick, old, hash) => {
                let changed = self
                    .save(|connection| accounts::change_hash(connection, nick, old, hash.as_str()));
                let done = |account| Answer::PasswordChanged(account, None);
                (client, changed.map_or_else(Answer::NotAuthenticated, done))
            }
        };
        (self.report)(Event::Answered(client, answer));
    }

    fn report_roll(&mut self) {
        let roll = roll::as_changes(&self.database.connection).map_err(|error| {
            log::error!("cannot read an account: {error}");
            Denial::NotRead
        });
        (self.report)(Event::RollRead(roll));
    }

    /// Another process may have changed the password since the password thread read it: the store
    /// reports that change before the login, so that nobody stays logged in with an old password.
    fn confirm_login(
        &mut self,
        account: &Account,
        at: Moment,
    ) -> std::result::Result<Account, Denial> {
        let current = self
            .check_for_changes()
            .and_then(|()| accounts::get(&self.database.connection, account.nick))
            .map_err(|error| {
                log::error!("cannot read an account: {error}");
                Denial::NotRead
            })?;
        match current {
            Some(current) if current.password == account.password => {
                let seen =
                    |connection: &_| accounts::set_seen(connection, current.nick, at).map(Ok);
                let _ = self.save(seen);
                Ok(current)
            }
            _ => Err(Denial::WrongPassword),
        }
    }

    fn change_ban(&mut self, ban_change: BanChange) -> Answer {
        let saved = self.save(|connection| match &ban_change {
            BanChange::Ban(ban) => bans::add(connection, ban),
            BanChange::Unban(mask) => bans::remove(connection, *mask),
        });
        match (saved, ban_change) {
            (Ok(()), BanChange::Ban(ban)) => Answer::Banned(ban),
            (Ok(()), BanChange::Unban(mask)) => Answer::Unbanned(mask),
            (Err(denial), ban_change) => Answer::BanNotChanged(ban_change, denial),
        }
    }

    /// Makes a change in one transaction; logs an error of SQLite.
    fn save<T>(
        &mut self,
        make: impl FnOnce(&Connection) -> ChangeResult<T>,
    ) -> std::result::Result<T, Denial> {
        self.database.change(make).unwrap_or_else(|error| {
            log::error!("cannot save a change: {error}");
            Err(Denial::NotSaved)
        })
    }

    fn next_chore(&self) -> Instant {
        let others = [self.pruner.next(), self.forgetter.next(&self.inlets.queue)];
        others.into_iter().flatten().chain([self.checked + CHECK]).min().unwrap_or(self.checked)
    }

    /// Does the periodic work that is due.
    fn do_chores(&mut self) {
        if self.checked.elapsed() >= CHECK {
            self.checked = Instant::now();
            if let Err(error) = self.check_for_changes() {
                log::warn!("cannot check for changes by other processes: {error}");
            }
        }
        if self.pruner.next().is_some_and(|due| due <= Instant::now())
            && let Err(error) = self.pruner.work(&mut self.database, clock::moment())
        {
            log::warn!("cannot delete old lines: {error}");
        }
        if self.forgetter.next(&self.inlets.queue).is_some_and(|due| due <= Instant::now()) {
            self.forget();
        }
    }

    /// Forgets one slice.
    fn forget(&mut self) {
        match self.forgetter.work(&mut self.database) {
            Ok(None) => {}
            Ok(Some((client, filter, lines))) => {
                // What nobody here asked for came from the log of a cluster, which knows it.
                if client != Some(ClientId::NOBODY) {
                    (self.report)(Event::Forgotten(filter.clone()));
                }
                if let Some(client) = client {
                    (self.report)(Event::Answered(client, Answer::Forgotten(filter, lines)));
                }
            }
            Err(error) => log::error!("cannot forget lines, and will try again: {error}"),
        }
    }

    /// Reports accounts and bans, and takes requests, if another process changed the file.
    fn check_for_changes(&mut self) -> Result<()> {
        if self.database.was_changed_by_others()? {
            let roll = roll::read_roll(&self.database.connection)?;
            (self.report)(Event::Changed(roll));
            let edits = notes::new_edits(&mut self.database)?;
            if !edits.is_empty() {
                (self.report)(Event::Edited(edits));
            }
            self.take_requests()?;
        }
        Ok(())
    }

    /// Takes requests of other processes to forget lines. The server drops these lines from memory
    /// at once.
    fn take_requests(&mut self) -> Result<()> {
        for (id, mut filter) in forget::requests(&self.database.connection)? {
            if self.forgetter.has(id) {
                continue;
            }
            // A request does not apply to lines that are said from now on.
            let now = clock::moment();
            filter.until = Some(filter.until.map_or(now, |until| until.min(now)));
            (self.report)(Event::Forgotten(filter.clone()));
            self.forgetter.add(None, Some(id), filter, self.inlets.queue.handed());
        }
        Ok(())
    }
}

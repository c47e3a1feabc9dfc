//! `Scripts`: each [`Request`] as one Lua script in Redis, and what its answer means.

use std::borrow::Cow;

use redis::{RedisResult, Script, ScriptInvocation, Value, cmd};

use super::answer::Answer;
use super::connection::Connection;
use super::entries;
use super::fault;
use super::servers::LinkSettings;
use crate::cluster::{Founding, LinkError, LivingNode, LogSnapshot, NodeOrigin, Reply, Request};

/// The keys of all scripts, in the order that `common.lua` has.
const KEYS: [&str; 7] = ["head", "log", "snap", "lease", "node", "hwm", "pos"];

/// The scripts, and the keys that they work on.
pub(super) struct Scripts {
    keys: [String; 7],
    look: Script,
    put: Script,
    join: Script,
    found: Script,
    salvage: Script,
    leave: Script,
    snap: Script,
}

macro_rules! script {
    ($($file:literal),+) => {
        Script::new(concat!(include_str!("scripts/common.lua"), $(include_str!($file)),+))
    };
}

impl Scripts {
    pub(super) fn new(settings: &LinkSettings) -> Self {
        Self {
            keys: KEYS.map(|name| settings.key(name)),
            look: script!("scripts/look.lua"),
            put: script!("scripts/epoch.lua", "scripts/put.lua"),
            join: script!("scripts/epoch.lua", "scripts/join.lua"),
            found: script!("scripts/found.lua"),
            salvage: script!("scripts/epoch.lua", "scripts/salvage.lua"),
            leave: script!("scripts/epoch.lua", "scripts/leave.lua"),
            snap: script!("scripts/epoch.lua", "scripts/snap.lua"),
        }
    }

    /// Carries out `request`.
    ///
    /// # Errors
    /// There is no answer, or Redis refused. The request may have been carried out all the same,
    /// unless Redis refused it.
    pub(super) fn carry_out(
        &self,
        connection: &mut Connection,
        request: &Request,
    ) -> Result<Reply, LinkError> {
        let values = match self.ask(connection, request) {
            Err(error) if fault::is_stuck(&error) => return Ok(Reply::Stuck),
            values => values.map_err(|error| fault::of(&connection.endpoint, &error))?,
        };
        let reply = Answer::new(values).reply_to(request);
        reply.ok_or_else(|| fault::lost(&connection.endpoint, "an answer that no script gives"))
    }

    fn ask(&self, connection: &mut Connection, request: &Request) -> RedisResult<Vec<Value>> {
        let invocation = match request {
            Request::Look { origin, at } => self.look(*origin, *at),
            Request::Put { epoch, origin, at, due, inputs } => {
                let mut put = self.prepare(&self.put);
                put.arg(epoch).arg(origin.to_string()).arg(at.n).arg(at.chain.to_string());
                put.arg(due.unwrap_or(0));
                for (oseq, data) in inputs {
                    put.arg(*oseq).arg(data);
                }
                put
            }
            Request::Join { .. } => self.join(request),
            Request::Found(founding) => self.found(founding),
            Request::Salvage { epoch, inputs } => {
                let mut salvage = self.prepare(&self.salvage);
                salvage.arg(epoch);
                for (origin, oseq, data) in inputs {
                    salvage.arg(origin.to_string()).arg(*oseq).arg(data);
                }
                salvage
            }
            Request::Leave { epoch, origin } => {
                let mut leave = self.prepare(&self.leave);
                leave.arg(epoch).arg(origin.to_string());
                leave
            }
            Request::StoreSnapshot { epoch, level, snapshot: LogSnapshot { at, data } } => {
                let mut snap = self.prepare(&self.snap);
                snap.arg(epoch).arg(*level).arg(at.n).arg(at.chain.to_string()).arg(data);
                snap
            }
            Request::ReadSnapshot => {
                let mut read = cmd("HMGET");
                read.arg(&self.keys[2]).arg(&["n", "c", "d"]);
                return read.query(&mut connection.stream);
            }
        };
        invocation.invoke(&mut connection.stream)
    }

    fn prepare<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        invocation.key(&self.keys);
        invocation
    }

    fn look(&self, origin: Option<NodeOrigin>, at: u64) -> ScriptInvocation<'_> {
        let mut look = self.prepare(&self.look);
        look.arg(or_nothing(origin)).arg(at);
        look
    }

    fn join(&self, request: &Request) -> ScriptInvocation<'_> {
        let mut join = self.prepare(&self.join);
        if let Request::Join { epoch, origin, at, name, was, has_archive, level, inputs } = request
        {
            join.arg(epoch).arg(origin.to_string()).arg(at.n).arg(at.chain.to_string());
            join.arg(name).arg(or_nothing(*was));
            join.arg(if *has_archive { "true" } else { "false" }).arg(*level);
            join.arg(inputs);
        }
        join
    }

    fn found(&self, founding: &Founding) -> ScriptInvocation<'_> {
        let Founding { seen, epoch, at, uptime, level, joins, living, snapshot, entries } =
            founding;
        let mut found = self.prepare(&self.found);
        let (seen, n) = seen.as_ref().map_or(("", 0), |(epoch, n)| (epoch, *n));
        found.arg(seen).arg(n).arg(epoch).arg(at.n).arg(at.chain.to_string());
        found.arg(*uptime).arg(*level).arg(*joins).arg(living.len());
        for LivingNode { origin, name, number, oseq, .. } in living {
            found.arg(origin.to_string()).arg(format!("{name}|{number}")).arg(*oseq);
        }
        found.arg(snapshot);
        for entry in entries {
            found.arg(&entries::fields(entry));
        }
        found
    }
}

fn or_nothing(origin: Option<NodeOrigin>) -> Cow<'static, str> {
    origin.map_or(Cow::Borrowed(""), |origin| origin.to_string().into())
}

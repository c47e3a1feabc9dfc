//! `Answer`: what a script in Redis has answered.

use std::vec;

use redis::{FromRedisValue, Value};

use crate::cluster::{Head, LivingNode, LogSnapshot, Position, Reply, Request};

/// The values of an answer that are not read yet.
pub(super) struct Answer(vec::IntoIter<Value>);

impl Answer {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// What the answer means to `request`; `None` if no script answers so.
    pub(super) fn reply_to(mut self, request: &Request) -> Option<Reply> {
        if matches!(request, Request::ReadSnapshot) {
            return self.snapshot().map(Reply::Snapshot);
        }
        let word = self.text()?;
        let reply = match (word.as_str(), request) {
            ("NOLOG", Request::Look { .. }) => Reply::Head(None),
            ("NOLOG", _) => Reply::NoLog,
            ("EPOCH", _) => Reply::OtherEpoch,
            ("FENCED", _) => Reply::Fenced,
            ("BEHIND", _) => Reply::Behind,
            ("FORKED", _) => Reply::Forked,
            ("NAME", _) => Reply::NameTaken,
            ("OTHER", _) => Reply::NotFounded,
            ("TOONEW", _) => Reply::TooNew(self.number()?),
            ("OK", Request::Look { .. }) => Reply::Head(Some(self.head()?)),
            ("OK", Request::Put { .. }) => Reply::Put { n: self.number()?, oseq: self.number()? },
            ("OK", Request::Join { .. }) => {
                Reply::Joined { n: self.number()?, number: self.number()? }
            }
            ("OK", Request::Found(_)) => Reply::Founded,
            ("OK", Request::Salvage { .. }) => Reply::Salvaged(self.number()?),
            ("OK", Request::Leave { .. }) => Reply::Left,
            ("OK", Request::StoreSnapshot { .. }) => Reply::Stored,
            _ => return None,
        };
        Some(reply)
    }

    fn head(&mut self) -> Option<Head> {
        let epoch = self.text()?;
        let at = Position { n: self.number()?, chain: self.text()?.parse().ok()? };
        let level = self.number()?;
        let first = self.number()?;
        let chain = match self.next::<Option<String>>()? {
            Some(chain) => Some(chain.parse().ok()?),
            None => None,
        };
        let has_snapshot = self.number::<u8>()? == 1;
        let lives = self.number::<u8>()? == 1;
        let mut living = Vec::new();
        while !self.0.as_slice().is_empty() {
            living.push(self.living_node()?);
        }
        living.sort_by_key(|node| node.number);
        Some(Head { epoch, at, level, first, chain, has_snapshot, lives, living })
    }

    fn living_node(&mut self) -> Option<LivingNode> {
        let origin = self.text()?.parse().ok()?;
        let node = self.text()?;
        let (name, number) = node.rsplit_once('|')?;
        let (name, number) = (name.to_owned(), number.parse().ok()?);
        let (oseq, applied) = (self.number()?, self.number()?);
        Some(LivingNode { origin, name, number, oseq, applied })
    }

    /// The fields n, c and d of the snapshot, or no fields.
    fn snapshot(&mut self) -> Option<Option<LogSnapshot>> {
        let Some(n) = self.next::<Option<String>>()? else { return Some(None) };
        let at = Position { n: n.parse().ok()?, chain: self.text()?.parse().ok()? };
        Some(Some(LogSnapshot { at, data: self.next()? }))
    }

    fn text(&mut self) -> Option<String> {
        self.next()
    }

    fn number<N: FromRedisValue>(&mut self) -> Option<N> {
        self.next()
    }

    fn next<T: FromRedisValue>(&mut self) -> Option<T> {
        T::from_redis_value(self.0.next()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(words: &[&str], request: &Request) -> Option<Reply> {
        let value = |word: &&str| Value::BulkString(word.as_bytes().to_vec());
        Answer::new(words.iter().map(value).collect()).reply_to(request)
    }

    #[test]
    fn an_answer_that_no_script_gives_is_none() {
        let look = Request::Look { origin: None, at: 0 };
        let head = ["OK", "a:b", "7", "", "1", "8", "", "1", "0"];
        assert!(matches!(reply(&head, &look), Some(Reply::Head(Some(_)))));
        for count in 0..head.len() {
            assert_eq!(reply(&head[..count], &look), None);
        }
        for rest in [["0", "box1|1", "0"], [&"0".repeat(32), "box1", "0"]] {
            assert_eq!(reply(&[&head[..], &rest].concat(), &look), None, "{rest:?}");
        }
        assert_eq!(reply(&["PONG"], &look), None);
        assert_eq!(reply(&["TOONEW", "-1"], &look), None);
        assert_eq!(reply(&["7", "x", "data"], &Request::ReadSnapshot), None);
    }
}

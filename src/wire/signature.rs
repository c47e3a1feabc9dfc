//! `Signature`: holds back the first bytes of a client for as long as a binary header of the PROXY
//! protocol may begin so.

use serde::{Deserialize, Serialize};

use super::proxy::SIGNATURE;

/// How far the first bytes are those of the signature, which begins with two line ends. The bytes
/// themselves need not be kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Signature {
    held: usize,
    /// How many of the held bytes were released after another byte followed.
    released: usize,
    is_other: bool,
}

impl Signature {
    /// Whether `self` needs more bytes to tell.
    pub(super) fn is_open(&self) -> bool {
        !self.is_other && !self.is_whole()
    }

    /// Whether the first bytes are the signature.
    pub(super) fn is_whole(&self) -> bool {
        self.held == SIGNATURE.len()
    }

    /// Takes the bytes at the front of `input` that continue the signature.
    pub(super) fn hold(&mut self, input: &mut &[u8]) {
        while self.is_open()
            && let Some((&byte, rest)) = input.split_first()
        {
            if SIGNATURE.get(self.held) == Some(&byte) {
                self.held += 1;
                *input = rest;
            } else {
                self.is_other = true;
            }
        }
    }

    /// No more bytes will come.
    pub(super) fn end(&mut self) {
        self.is_other = true;
    }

    /// The next of the held bytes, once they are known to be something else.
    pub(super) fn release(&mut self) -> Option<u8> {
        if !self.is_other || self.released >= self.held {
            return None;
        }
        let byte = SIGNATURE.get(self.released).copied();
        self.released += 1;
        byte
    }
}

//! What is done to a room: by its operators, and by members to each other.
//!
//! Each act is one function of [`Turn`](super::view::Turn) on the room that the client acts in, and
//! does not depend on how the client asked for it.

mod access; // who may enter, speak and act, and what is shown to others
mod told; // telling the members
mod life; // a room is made, left and ended
mod roles; // giving and taking roles
mod topic; // changing the topic
mod settings; // changing settings
mod keeping; // keeping a room for an account
mod removal; // kicks and bans
mod invite; // invitations
mod several; // several changes at once
mod addressed; // what is said to operators or voices

#[cfg(test)]
mod tests;

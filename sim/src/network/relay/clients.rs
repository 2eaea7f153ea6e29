//! Who is relayed: a socket towards the target for each client.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Clients at a time, of all pairs together.
pub const CLIENTS_MAX: usize = 64;

/// A client that has been silent for this long makes room for another.
pub const IDLE_MAX: Duration = Duration::from_mins(1);

/// One address that sends to a pair.
#[derive(Debug)]
pub(super) struct Client {
    /// Index of the pair.
    pub(super) pair: usize,
    /// Where answers go.
    pub(super) address: SocketAddr,
    /// Connected to the target.
    pub(super) upstream: UdpSocket,
    /// When it was last heard of, in either direction.
    pub(super) heard: Duration,
}

/// All clients. Numbers are never used twice, so that no packet reaches another client.
#[derive(Debug, Default)]
pub(super) struct Clients {
    by_number: BTreeMap<u64, Client>,
    numbers: BTreeMap<(usize, SocketAddr), u64>,
    last: u64,
}

impl Clients {
    /// The number of a client that is heard of at `now`; `None` if there is no room for it, or no socket.
    pub(super) fn hear(
        &mut self,
        now: Duration,
        (pair, address): (usize, SocketAddr),
        target: SocketAddr,
    ) -> Option<u64> {
        if let Some(number) = self.numbers.get(&(pair, address)) {
            if let Some(client) = self.by_number.get_mut(number) {
                client.heard = now;
            }
            return Some(*number);
        }
        if self.by_number.len() >= CLIENTS_MAX && !self.drop_idle(now) {
            return None;
        }
        let upstream = upstream(target).ok()?;
        self.last += 1;
        self.numbers.insert((pair, address), self.last);
        self.by_number.insert(self.last, Client { pair, address, upstream, heard: now });
        Some(self.last)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Client> {
        self.by_number.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Client> {
        self.by_number.get_mut(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Client)> {
        self.by_number.iter().map(|(number, client)| (*number, client))
    }

    pub(super) fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Drops the client that has been silent longest, if for long enough.
    fn drop_idle(&mut self, now: Duration) -> bool {
        let silent = |c: &Client| now.saturating_sub(c.heard);
        let longest = self.by_number.iter().max_by_key(|(_, c)| silent(c));
        let Some((&number, client)) = longest else { return false };
        if silent(client) < IDLE_MAX {
            return false;
        }
        let key = (client.pair, client.address);
        self.numbers.remove(&key);
        self.by_number.remove(&number);
        true
    }
}

fn upstream(target: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match target {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(target)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    fn address(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    #[test]
    fn a_client_keeps_its_number_and_a_new_one_needs_room() {
        let mut clients = Clients::default();
        let target = address(9);
        let first = clients.hear(s(0), (0, address(1)), target).unwrap();
        assert_eq!(clients.hear(s(1), (0, address(1)), target), Some(first));
        assert_ne!(clients.hear(s(2), (1, address(1)), target), Some(first));
        for port in 2..=63 {
            assert!(clients.hear(s(2), (0, address(port)), target).is_some());
        }
        assert_eq!(clients.len(), CLIENTS_MAX);
        assert_eq!(clients.hear(s(60), (0, address(100)), target), None);
        let last = clients.hear(s(61), (0, address(100)), target).unwrap();
        assert_eq!(clients.len(), CLIENTS_MAX);
        assert!(clients.get(first).is_none() && clients.get(last).is_some());
    }
}

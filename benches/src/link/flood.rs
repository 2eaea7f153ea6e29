//! Strangers: packets that nobody asked for, sent to a port while the link on it is measured.
//!
//! Half of them are noise, of any length. Two in five look like the beginning of a call, so that QUIC must try to
//! decrypt them. One in ten is the beginning of a call, which the robot answers, and which never goes on.
//! All is made before the first is sent, and they come from many ports.

use core::time::Duration;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use protocol::link::LinkError;
use protocol::link::control::ControlLink;

use super::pace::{now, sleep_until};
use super::{BenchError, Keys};

/// Packets a second.
pub const STRANGERS_HZ: u32 = 50_000;

/// Different packets; they are sent again and again.
const PACKETS: usize = 2_000;

/// Ports that they come from.
const PORTS: usize = 64;

/// The longest packet. Unit: byte.
const LENGTH_MAX: u64 = 1_200;

/// How long the flooder sleeps: five packets are due then, so that they come nearly one by one.
const PAUSE: Duration = Duration::from_micros(100);

/// Sent in a row at most, where the flooder itself was kept from running. What is due beyond it is left out.
const BURST_MAX: u64 = 100;

/// When memory is looked at first: both ends have found their size by then.
const SETTLED: Duration = Duration::from_secs(2);

/// What was sent, and what it did to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sent {
    pub(super) packets: u64,
    pub(super) lasted: Duration,
    /// How much more memory was resident at the end than once both ends had settled. Unit: kilobyte.
    pub(super) grown_kb: i64,
}

/// Packets of strangers for as long as this lives.
pub(super) struct Strangers {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Sent>>,
}

impl Strangers {
    /// Sends `rate` packets a second to this port; zero only looks at the memory.
    pub(super) fn start(keys: &Keys, to: SocketAddr, rate: u32) -> Result<Self, BenchError> {
        let packets = packets(keys, to)?;
        let sockets: Vec<_> = (0..PORTS)
            .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<Result<_, _>>()?;
        for socket in &sockets {
            socket.set_nonblocking(true)?;
            socket.connect(to)?;
        }
        let stop = Arc::<AtomicBool>::default();
        let told = Arc::clone(&stop);
        let thread = Builder::new()
            .name("strangers".to_owned())
            .spawn(move || flood(&packets, &sockets, rate, &told))?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Ends it.
    pub(super) fn end(mut self) -> Result<Sent, BenchError> {
        self.stop.store(true, Ordering::Relaxed);
        let sent = self.thread.take().and_then(|thread| thread.join().ok());
        sent.ok_or(BenchError::Thread("strangers"))
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn flood(packets: &[Vec<u8>], sockets: &[UdpSocket], rate: u32, stop: &AtomicBool) -> Sent {
    let began = now();
    let (mut sent, mut skipped, mut settled_kb) = (0_u64, 0_u64, None);
    let mut due = began;
    let mut all = packets.iter().cycle().zip(sockets.iter().cycle());
    while !stop.load(Ordering::Relaxed) {
        let passed = began.elapsed();
        if settled_kb.is_none() && passed >= SETTLED {
            settled_kb = resident_kb();
        }
        let wanted = (passed.as_secs_f64() * f64::from(rate)) as u64;
        let behind = wanted.saturating_sub(sent + skipped);
        skipped += behind.saturating_sub(BURST_MAX);
        for (packet, socket) in all.by_ref().take(behind.min(BURST_MAX) as usize) {
            // Refused or not: nobody waits for an answer, and the next one is sent all the same.
            let _ = socket.send(packet);
            sent += 1;
        }
        due = (due + PAUSE).max(now());
        sleep_until(due);
    }
    let grown_kb = settled_kb.zip(resident_kb()).map_or(0, |(before, after)| after - before);
    Sent { packets: sent, lasted: began.elapsed(), grown_kb }
}

/// Memory of this process that is resident, counted page by page. Unit: kilobyte.
fn resident_kb() -> Option<i64> {
    let text = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn packets(keys: &Keys, to: SocketAddr) -> Result<Vec<Vec<u8>>, BenchError> {
    let mut lot = 1_u64;
    let mut draw = || {
        lot = lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lot >> 33
    };
    let mut noise = |length| (0..length).map(|_| draw() as u8).collect::<Vec<u8>>();
    let mut packets = Vec::with_capacity(PACKETS);
    for n in 0..PACKETS {
        let packet = match n % 10 {
            0..5 => {
                let length = noise(8).iter().fold(0, |sum, byte| sum * 31 + u64::from(*byte));
                noise(1 + length % LENGTH_MAX)
            }
            5..9 => initial(noise(LENGTH_MAX)),
            _ => beginning(keys, to)?,
        };
        packets.push(packet);
    }
    Ok(packets)
}

/// Looks like the first packet of a call: a long header of the version in force, connection numbers of eight
/// bytes, no token, and a length that fits.
fn initial(mut noise: Vec<u8>) -> Vec<u8> {
    let rest = (noise.len() - 26) as u16 | 0x4000;
    let header = [0xC3, 0, 0, 0, 1, 8];
    for (at, byte) in
        (0..).zip(header).chain([(14, 8), (23, 0)]).chain((24..).zip(rest.to_be_bytes()))
    {
        if let Some(to) = noise.get_mut(at) {
            *to = byte;
        }
    }
    noise
}

/// The first packet of a call.
fn beginning(keys: &Keys, to: SocketAddr) -> Result<Vec<u8>, BenchError> {
    let mut caller = ControlLink::console(&keys.operator, None)?;
    let mut packet = Vec::new();
    caller.call(to, now())?;
    caller.transmit(&mut packet, now()).ok_or(LinkError::Silent)?;
    Ok(packet)
}

//! A data channel of WebRTC (SCTP over DTLS over UDP), with the crate str0m.
//!
//! What was set, and why:
//!
//! - str0m has no sockets and no threads. Each side's own thread, which has real-time priority and a
//!   processor, drives it over a UDP socket with `ppoll`: to the nanosecond, where the timeout of a socket would
//!   be rounded to ticks of the kernel.
//! - The channel is unordered and nothing is sent twice: what is lost is lost, and nothing waits for it.
//! - The channel is negotiated beforehand, and the echo answers ICE only. Both shorten the start, not a
//!   message.
//! - No media, no statistics. Cryptography is the default of str0m, its first choice: AWS-LC.

use core::time::Duration;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use benches::link::pace::{self, Client, LOST_AFTER, now};
use benches::link::{BenchError, MESSAGE_BYTES, Round};
use protocol::link::control::port::wait;
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::config::Fingerprint;
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceCreds, Input, Output, Rtc, RtcConfig, RtcError};

use crate::failed;

/// In reports.
pub(crate) const NAME: &str = "webrtc";

/// The longest that the echo sleeps before it looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// ICE, DTLS and SCTP have begun by then, or never will.
const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// Larger than every packet. Unit: byte.
const PACKET_MAX: usize = 2_048;

/// One end, with its socket.
struct End {
    rtc: Rtc,
    channel: ChannelId,
    socket: UdpSocket,
    here: SocketAddr,
    packet: [u8; PACKET_MAX],
}

impl End {
    /// Does what there is to do, and sleeps until something arrives or until then.
    fn turn(&mut self, until: Instant) -> Result<Option<Event>, RtcError> {
        loop {
            let due = match self.rtc.poll_output()? {
                Output::Transmit(packet) => {
                    // What the socket does not take is as good as lost on the way.
                    let _ = self.socket.send_to(&packet.contents, packet.destination);
                    continue;
                }
                Output::Event(event) => return Ok(Some(event)),
                Output::Timeout(due) => due,
            };
            let at = now();
            if at >= until {
                return Ok(None);
            }
            wait(&[self.socket.as_fd()], Some(due.min(until)), at);
            self.take_in(due)?;
        }
    }

    /// One packet, or else the time if something is due.
    fn take_in(&mut self, due: Instant) -> Result<(), RtcError> {
        let received = self.socket.recv_from(&mut self.packet);
        let at = now();
        match received {
            Ok((n, source)) => {
                let bytes = self.packet.get(..n).unwrap_or_default();
                let Ok(contents) = bytes.try_into() else { return Ok(()) };
                let (proto, destination) = (Protocol::Udp, self.here);
                let packet = Receive { proto, source, destination, contents };
                self.rtc.handle_input(Input::Receive(at, packet))
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock && at < due => Ok(()),
            Err(_) => self.rtc.handle_input(Input::Timeout(at)),
        }
    }

    fn send(&mut self, message: &[u8]) -> bool {
        let channel = self.rtc.channel(self.channel);
        channel.is_some_and(|mut channel| channel.write(true, message).unwrap_or(false))
    }
}

struct OnWebRtc(End);

impl Client for OnWebRtc {
    fn wait(&mut self, due: Instant) {
        // What arrives now is late, and nobody's.
        while matches!(self.0.turn(due), Ok(Some(_))) {}
    }

    fn trip(&mut self, message: &[u8; MESSAGE_BYTES]) -> bool {
        if !self.0.send(message) {
            return false;
        }
        let until = now() + LOST_AFTER;
        while let Ok(Some(event)) = self.0.turn(until) {
            if matches!(event, Event::ChannelData(back) if back.data[..] == *message) {
                return true;
            }
        }
        false
    }
}

/// One round.
pub(crate) fn run(lasts: Duration) -> Result<Round, BenchError> {
    let (client, echo) = ends()?;
    let echo = pace::echo(move |stop| returns(echo, stop))?;
    let mut round = pace::client(
        move || {
            let mut end = client;
            let until = now() + STARTS_WITHIN;
            loop {
                match end.turn(until).map_err(failed(NAME))? {
                    Some(Event::ChannelOpen(..)) => return Ok(OnWebRtc(end)),
                    Some(_) => {}
                    None => return Err(failed(NAME)("the channel did not open")),
                }
            }
        },
        lasts,
    )?;
    round.echo = echo.end()?;
    Ok(round)
}

fn returns(mut end: End, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match end.turn(now() + LOOK_EVERY) {
            Ok(Some(Event::ChannelData(message))) => drop(end.send(&message.data)),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// Both ends, each told of the other what signalling would tell it.
fn ends() -> Result<(End, End), BenchError> {
    let (mut client, mut echo) = (end(false)?, end(true)?);
    let (of_client, of_echo) = (told(&mut client)?, told(&mut echo)?);
    start(&mut client.rtc, of_echo, true)?;
    start(&mut echo.rtc, of_client, false)?;
    Ok((client, echo))
}

/// What one end is told of the other.
struct Told {
    candidate: Candidate,
    fingerprint: Fingerprint,
    credentials: IceCreds,
}

fn told(end: &mut End) -> Result<Told, BenchError> {
    let candidate = Candidate::host(end.here, "udp").map_err(failed(NAME))?;
    let direct = end.rtc.direct_api();
    let fingerprint = direct.local_dtls_fingerprint().clone();
    Ok(Told { candidate, fingerprint, credentials: direct.local_ice_credentials() })
}

fn start(rtc: &mut Rtc, other: Told, calls: bool) -> Result<(), BenchError> {
    rtc.add_remote_candidate(other.candidate);
    let mut direct = rtc.direct_api();
    direct.set_remote_fingerprint(other.fingerprint);
    direct.set_remote_ice_credentials(other.credentials);
    direct.set_ice_controlling(calls);
    direct.start_dtls(calls).map_err(failed(NAME))?;
    direct.start_sctp(calls);
    Ok(())
}

fn end(ice_lite: bool) -> Result<End, BenchError> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let here = socket.local_addr()?;
    let mut rtc = RtcConfig::new().set_ice_lite(ice_lite).build(now());
    let candidate = Candidate::host(here, "udp").map_err(failed(NAME))?;
    rtc.add_local_candidate(candidate);
    let channel = rtc.direct_api().create_data_channel(ChannelConfig {
        label: "bench".to_owned(),
        ordered: false,
        reliability: Reliability::MaxRetransmits { retransmits: 0 },
        negotiated: Some(1),
        protocol: String::new(),
    });
    Ok(End { rtc, channel, socket, here, packet: [0; PACKET_MAX] })
}

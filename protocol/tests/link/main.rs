//! The link on loopback: who gets in, who does not and with which sentence, and what the flows do.
#![cfg(feature = "quic")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails says where")]

mod blackout;
mod flows;
mod handshakes;
mod path;

use std::net::{Ipv4Addr, SocketAddr};

use protocol::link::admit::next;
use protocol::link::{Authority, Identity, Kind, LinkError, Peer, Role, admit, connect, listen};
use quinn::{Connection, Endpoint};

/// Any free port of this host.
fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// An authority with a robot.
struct Site {
    authority: Authority,
    robot: Identity,
}

impl Site {
    fn new() -> Self {
        let authority = Authority::create("north").unwrap();
        let robot = authority.issue(Role::Robot, "theatre-4", 1).unwrap();
        Self { authority, robot }
    }

    fn issue(&self, role: Role) -> Identity {
        self.authority.issue(role, "anna", 1).unwrap()
    }

    fn listen(&self, kind: Kind) -> Endpoint {
        listen(kind, anywhere(), &self.robot).unwrap()
    }
}

/// The next caller, admitted if it is an operator.
async fn admit_operator(robot: &Endpoint) -> Result<(Connection, Peer), LinkError> {
    admit(next(robot).await.unwrap(), &[Role::Operator]).await
}

/// One connection: the robot's end, then the console's.
async fn joined(site: &Site, kind: Kind, robot: &Endpoint) -> (Connection, Connection) {
    let operator = site.issue(Role::Operator);
    let (admitted, connected) =
        tokio::join!(admit_operator(robot), connect(kind, robot.local_addr().unwrap(), &operator));
    (admitted.unwrap().0, connected.unwrap())
}

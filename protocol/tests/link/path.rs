//! A network between a console and a robot, in the test's own process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::anywhere;

/// A network of one path, which can be cut: forwards every packet, or drops it.
pub(crate) struct Path {
    /// Call this instead of the robot.
    pub(crate) address: SocketAddr,
    open: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Path {
    /// A path to the robot at this address.
    pub(crate) async fn to(robot: SocketAddr) -> Self {
        let front = UdpSocket::bind(anywhere()).await.unwrap();
        let back = UdpSocket::bind(anywhere()).await.unwrap();
        let address = front.local_addr().unwrap();
        let open = Arc::new(AtomicBool::new(true));
        let gate = open.clone();
        let task = tokio::spawn(async move {
            let (mut up, mut down) = ([0; 2048], [0; 2048]);
            let mut console = None;
            loop {
                tokio::select! {
                    Ok((n, from)) = front.recv_from(&mut up) => {
                        console = Some(from);
                        if gate.load(Ordering::Relaxed) {
                            let _ = back.send_to(&up[..n], robot).await;
                        }
                    }
                    Ok((n, _)) = back.recv_from(&mut down) => {
                        if let (true, Some(to)) = (gate.load(Ordering::Relaxed), console) {
                            let _ = front.send_to(&down[..n], to).await;
                        }
                    }
                }
            }
        });
        Self { address, open, task }
    }

    /// From now on nothing arrives, on either side.
    pub(crate) fn cut(&self) {
        self.open.store(false, Ordering::Relaxed);
    }

    /// From now on everything arrives.
    pub(crate) fn mend(&self) {
        self.open.store(true, Ordering::Relaxed);
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        self.task.abort();
    }
}

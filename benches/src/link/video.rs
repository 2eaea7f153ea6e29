//! Pictures that fly the other way on the media link while the control link is measured.

use core::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::{Builder, JoinHandle};

use protocol::link::pictures::{PictureSender, next_picture, read_picture};
use protocol::link::{Identity, Kind, LinkError, Role, admit, connect, listen};
use protocol::picture::{PictureHeader, ViewSource};
use protocol::time::Moment;

use super::udp::runtime;
use super::{BenchError, Keys, VIDEO_BIT_S};

/// Pictures a second.
const RATE_HZ: u64 = 60;

/// Pictures for as long as this lives.
pub(super) struct Video {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Video {
    /// Starts both ends; returns once the first picture has arrived.
    pub(super) fn start(keys: &Keys) -> Result<Self, BenchError> {
        let mut video = Self { stop: Arc::default(), threads: Vec::new() };
        let (bound, address) = sync_channel::<Result<SocketAddr, LinkError>>(1);
        let (robot, stop) = (keys.robot.clone(), Arc::clone(&video.stop));
        let running = runtime()?;
        video.threads.push(Builder::new().name("video-out".to_owned()).spawn(move || {
            running.block_on(async {
                let endpoint = match listen(Kind::Media, (Ipv4Addr::LOCALHOST, 0).into(), &robot) {
                    Ok(endpoint) => endpoint,
                    Err(error) => return drop(bound.send(Err(error))),
                };
                if let Ok(address) = endpoint.local_addr() {
                    let _ = bound.send(Ok(address));
                }
                let Some(incoming) = admit::next(&endpoint).await else { return };
                if let Ok((connection, _)) = admit(incoming, &[Role::Operator]).await {
                    send(PictureSender::new(connection), &stop).await;
                }
            });
        })?);
        let address = address.recv().map_err(|_| BenchError::Thread("video"))??;
        let (first, arrived) = sync_channel(1);
        let (operator, running) = (keys.operator.clone(), runtime()?);
        video.threads.push(Builder::new().name("video-in".to_owned()).spawn(move || {
            running.block_on(async {
                // Dropped with this task: whoever waits for the first picture hears of it.
                let _ = receive(address, &operator, first).await;
            });
        })?);
        arrived.recv().map_err(|_| BenchError::Thread("video"))?;
        Ok(video)
    }
}

impl Drop for Video {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

async fn send(mut sender: PictureSender, stop: &AtomicBool) {
    let unit = vec![0x5A; (VIDEO_BIT_S / 8 / RATE_HZ) as usize];
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE_HZ as u32);
    for view in 1.. {
        ticks.tick().await;
        let header = PictureHeader {
            source: ViewSource::Endoscope,
            view,
            captured: Moment::from_ns(view),
            encode_us: 0,
            width: 1920,
            height: 1080,
            depth_um: 0,
            keyframe: true,
            skipped: 0,
            length: unit.len() as u32,
        };
        if stop.load(Ordering::Relaxed) || sender.send(&header, &unit).await.is_err() {
            return;
        }
    }
}

async fn receive(
    address: SocketAddr,
    operator: &Identity,
    first: std::sync::mpsc::SyncSender<()>,
) -> Result<(), LinkError> {
    let connection = connect(Kind::Media, address, operator).await?;
    loop {
        let stream = next_picture(&connection).await?;
        read_picture(stream).await?;
        let _ = first.try_send(());
    }
}

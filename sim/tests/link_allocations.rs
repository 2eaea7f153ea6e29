//! A link allocates nothing for a packet: the theatre and the relay offer thousands a second.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use core::time::Duration;

use sim::network::preset::NAMES;
use sim::network::{LinkModel, LinkPreset};

#[test]
fn no_packet_of_any_preset_allocates() {
    for name in NAMES {
        let preset = LinkPreset::builtin(name).unwrap();
        let mut links = [&preset.up, &preset.down].map(|spec| LinkModel::new(spec, 1));
        let info = allocation_counter::measure(|| {
            for i in 0..20_000_u32 {
                for link in &mut links {
                    link.offer(Duration::from_millis(1) * i, 150);
                }
            }
        });
        assert_eq!(info.count_total, 0, "{name}");
    }
}

//! Trials, whole.

use super::*;
use crate::network::LinkPreset;
use protocol::profile::{SURGERY, TELECARE, ULTRASOUND};

fn setting(profile: &str) -> Setting {
    let link = LinkPreset::builtin("lan").unwrap();
    Setting {
        profile: Profile::parse(profile).unwrap(),
        link: (link.up, link.down),
        transport: Transport::Frames,
        length: LENGTH,
    }
}

#[test]
fn explore() {
    for profile in [ULTRASOUND, SURGERY, TELECARE] {
        let setting = setting(profile);
        let stage = Stage::new(&setting.profile, Substance::Light).unwrap();
        let began = std::time::Instant::now();
        let mut tally = Tally::default();
        for seed in 0..60 {
            let script = Script::of_seed(seed);
            let outcome = run(&setting, &stage, seed, &script, &mut |_| {}).unwrap();
            if let Some(v) = &outcome.violation {
                println!("{} {seed}: {v}\n{:?}", setting.profile.name, script.faults);
            }
            tally.add(&outcome.tally);
        }
        println!("{} {:?} for {} ms", setting.profile.name, began.elapsed(), tally.lasted_ms);
        println!("{tally:#?}");
    }
}

use super::*;
use nalgebra::Vector3;
use protocol::ARMS;

use crate::robot::{Port, Shaft};

fn profile(text: &str) -> Profile {
    Profile::parse(text).unwrap()
}

const PORT: Port = Port {
    centre_m: Vector3::new(0.0, 0.0, 0.0),
    axis: Vector3::new(0.0, 0.0, -1.0),
    shaft: Shaft::Wristed,
};

fn arms(count: usize, ports: [Option<Port>; ARMS]) -> Description {
    Description {
        name: "fit".into(),
        simulated: true,
        body: Body::Arms { count, speed_max_m_s: 0.1, ports },
        watchdog: Duration::from_millis(30),
    }
}

fn base(speed_max_m_s: f64) -> Description {
    Description { body: Body::Base { speed_max_m_s }, ..arms(1, [None; ARMS]) }
}

/// SELF-TEST: each thing that a robot can lack is told for itself.
#[test]
fn what_a_robot_lacks_is_told() {
    use protocol::profile::{SURGERY, TELECARE, ULTRASOUND};
    let fits = |text, robot: &Description| misfit(&profile(text), robot);
    assert_eq!(fits(ULTRASOUND, &arms(1, [None; ARMS])), None);
    assert_eq!(fits(ULTRASOUND, &arms(2, [None; ARMS])), None);
    assert_eq!(fits(SURGERY, &arms(2, [Some(PORT); ARMS])), None);
    assert_eq!(fits(TELECARE, &base(0.8)), None);
    assert_eq!(
        fits(SURGERY, &arms(1, [Some(PORT); ARMS])),
        Some(Misfit::Arms { needed: 2, there: 1 })
    );
    assert_eq!(fits(SURGERY, &arms(2, [Some(PORT), None])), Some(Misfit::NoPort { arm: 1 }));
    assert_eq!(fits(TELECARE, &arms(1, [None; ARMS])), Some(Misfit::OtherBody));
    assert_eq!(fits(ULTRASOUND, &base(1.0)), Some(Misfit::OtherBody));
    let slow = Some(Misfit::TooSlow { robot_m_s: 0.79, profile_m_s: 0.8 });
    assert_eq!(fits(TELECARE, &base(0.79)), slow);
    assert!(matches!(fits(TELECARE, &base(f64::NAN)), Some(Misfit::TooSlow { .. })));
    for (ms, ok) in [(0, false), (1, true), (100, true), (101, false)] {
        let watchdog = Duration::from_millis(ms);
        let robot = Description { watchdog, ..base(1.0) };
        assert_eq!(fits(TELECARE, &robot).is_none(), ok, "{ms} ms");
    }
}

/// SPEED, CONTACT-FORCE: the robot is asked for the limits at which the interlocks stop, and may be
/// narrower.
#[test]
fn own_limits_may_be_narrower_and_not_wider() {
    let asked = own_limits(&profile(protocol::profile::ULTRASOUND));
    assert!((asked.speed_max_m_s - 0.150).abs() < 1e-12 && asked.force_max_n == 20.0);
    let of_base = own_limits(&profile(protocol::profile::TELECARE));
    assert!((of_base.speed_max_m_s - 1.2).abs() < 1e-12 && of_base.force_max_n == 50.0);
    assert_eq!(wider(&asked, &asked), None);
    let narrow = OwnLimits { speed_max_m_s: 0.05, force_max_n: 10.0 };
    assert_eq!(wider(&asked, &narrow), None);
    for read in [
        OwnLimits { speed_max_m_s: 0.151, ..asked },
        OwnLimits { force_max_n: 20.1, ..asked },
        OwnLimits { force_max_n: f64::NAN, ..asked },
    ] {
        assert!(wider(&asked, &read).is_some(), "{read:?}");
    }
}

#[test]
fn every_misfit_names_value_limit_and_fix() {
    let limits = OwnLimits { speed_max_m_s: 0.1, force_max_n: 20.0 };
    for (misfit, words) in [
        (Misfit::OtherBody, ["another kind", "its own profile"]),
        (Misfit::Arms { needed: 2, there: 1 }, ["needs 2", "has 1"]),
        (Misfit::NoPort { arm: 1 }, ["arm 1", "`Description`"]),
        (Misfit::NoRegion { arm: 0 }, ["arm 0", "compare"]),
        (Misfit::TooSlow { robot_m_s: 0.5, profile_m_s: 0.8 }, ["0.5 m/s", "0.8 m/s"]),
        (Misfit::Watchdog { watchdog: Duration::from_millis(250) }, ["250 ms", "1 to 100 ms"]),
        (
            Misfit::OwnLimits { asked: limits, read: OwnLimits { force_max_n: 30.0, ..limits } },
            ["20 N", "30 N"],
        ),
        (Misfit::LimitsUnread, ["could not be set", "read back"]),
    ] {
        let text = misfit.to_string();
        assert!(words.iter().all(|w| text.contains(w)), "{text}");
    }
}

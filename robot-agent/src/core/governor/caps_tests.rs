use super::*;
use protocol::profile::Profile;

fn profile() -> Profile {
    Profile::parse(protocol::profile::ULTRASOUND).unwrap()
}

fn cap(contact_n: f64, age_ms: Option<u64>) -> Caps {
    near(Reach::AMPLE, contact_n, age_ms)
}

fn near(reach: Reach, contact_n: f64, age_ms: Option<u64>) -> Caps {
    let p = profile();
    caps(p.arms().unwrap(), &p.freshness, contact_n, &reach, age_ms.map(Duration::from_millis))
}

/// VIEW-AGE: the older the picture, the slower the tip, down to nothing.
#[test]
fn the_age_of_the_picture_caps_the_speed() {
    assert!((cap(0.0, Some(10)).speed_m_s - 0.100).abs() < 1e-12);
    assert!((cap(0.0, Some(50)).speed_m_s - 0.080).abs() < 1e-12);
    assert!((cap(5.0, Some(50)).speed_m_s - 0.040).abs() < 1e-12);
    assert!((cap(5.0, Some(160)).speed_m_s - 0.025).abs() < 1e-12);
    assert!((cap(5.0, Some(200)).speed_m_s - 0.020).abs() < 1e-12);
    assert_eq!(cap(5.0, Some(201)).speed_m_s, 0.0);
    assert_eq!(cap(5.0, None).speed_m_s, 0.0);
    assert_eq!(cap(5.0, Some(160)).by, CappedBy::Age);
    assert_eq!(cap(5.0, Some(50)).by, CappedBy::Profile);
}

#[test]
fn turning_slows_in_proportion() {
    let full = profile().arms().unwrap().motion.rotation_max_rad_s;
    assert!((cap(5.0, Some(160)).rotation_rad_s - full * 0.625).abs() < 1e-12);
    assert_eq!(cap(5.0, Some(20)).rotation_rad_s, full);
    assert_eq!(cap(5.0, None).rotation_rad_s, 0.0);
}

/// CONTACT-FORCE: contact begins at half a newton; a force that is not a number counts as contact.
#[test]
fn a_force_that_is_not_a_number_counts_as_contact() {
    assert!((cap(f64::NAN, Some(10)).speed_m_s - 0.040).abs() < 1e-12);
    assert!((cap(0.5, Some(10)).speed_m_s - 0.040).abs() < 1e-12);
    assert!((cap(0.499, Some(10)).speed_m_s - 0.100).abs() < 1e-12);
}

/// JOINT-LIMIT, SINGULARITY: from the soft limit on ever slower, at the hard one a crawl.
#[test]
fn near_the_ends_of_its_reach_an_arm_is_slow_and_never_stuck() {
    let at = |joint, dexterity| near(Reach { joint, dexterity }, 0.0, Some(10));
    assert_eq!((at(0.05, 1.0).speed_m_s, at(0.05, 1.0).by), (0.100, CappedBy::Profile));
    let half = at(0.03, 1.0);
    assert!((half.speed_m_s - 0.050).abs() < 1e-12 && half.by == CappedBy::Joint);
    assert!((half.rotation_rad_s - half.speed_m_s * 10.0 * 60.0_f64.to_radians()).abs() < 1e-9);
    for joint in [0.01, 0.0, -1.0, f64::NAN] {
        assert!((at(joint, 1.0).speed_m_s - 0.010).abs() < 1e-12, "{joint}");
    }
    let half = at(1.0, 0.09);
    assert!((half.speed_m_s - 0.050).abs() < 1e-12 && half.by == CappedBy::Singularity);
    assert!((at(0.03, 0.05).speed_m_s - 0.1 * 0.02 / 0.12).abs() < 1e-12);
    assert_eq!(at(0.03, 0.05).by, CappedBy::Singularity);
    assert_eq!(near(Reach { joint: 0.0, dexterity: 1.0 }, 0.0, None).speed_m_s, 0.0);
}

//! The local force loop along the tool axis: latency never closes a force loop.
//!
//! The operator says which force is wanted; the robot keeps it, beside the patient, a thousand times a
//! second. An admittance: the tool advances with a speed in proportion to the missing force. Into
//! tissue of stiffness `K` this is a first-order lag with the time constant `1 / (G·K)`, stable as
//! long as that is well above the delay of the servo.

/// Speed per newton of missing force. Unit: metre per second per newton.
///
/// With the stiffest tissue the phantom has (2 kN/m) the loop gain is 8 /s: a lag of 125 ms, six
/// times the 20 ms of a servo. Ten times as much would ring.
const GAIN_M_S_PER_N: f64 = 0.004;

/// Below this force the tool is in the air. Unit: newton. Above the noise of a force sensor.
pub const CONTACT_MIN_N: f64 = 0.5;

/// The speed along the tool axis (inward positive) that brings the force to `wanted_n`.
///
/// Unit: metre per second. Bound: never beyond ±`speed_max_m_s`.
pub fn normal_speed(wanted_n: f64, measured_n: f64, speed_max_m_s: f64) -> f64 {
    (GAIN_M_S_PER_N * (wanted_n - measured_n)).clamp(-speed_max_m_s, speed_max_m_s)
}

/// The speed along the tool axis of a tool that stands still: it yields to a force above `hold_max_n`
/// and never advances, whatever the tissue does. Unit: metre per second, never positive.
pub fn yielding_speed(hold_max_n: f64, measured_n: f64, speed_max_m_s: f64) -> f64 {
    normal_speed(hold_max_n, measured_n, speed_max_m_s).min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_force_advances_and_surplus_retreats_within_the_limit() {
        assert!((normal_speed(5.0, 4.0, 0.02) - 0.004).abs() < 1e-12);
        assert!((normal_speed(5.0, 6.0, 0.02) + 0.004).abs() < 1e-12);
        assert_eq!(normal_speed(5.0, -1e9, 0.02), 0.02);
        assert_eq!(normal_speed(5.0, 1e9, 0.02), -0.02);
    }

    #[test]
    fn a_standing_tool_yields_and_never_advances() {
        assert_eq!(yielding_speed(5.0, 0.0, 0.02), 0.0);
        assert_eq!(yielding_speed(5.0, 5.0, 0.02), 0.0);
        assert!((yielding_speed(5.0, 7.0, 0.02) + 0.008).abs() < 1e-12);
    }

    #[test]
    fn the_loop_settles_on_soft_and_stiff_tissue() {
        for stiffness_n_m in [200.0, 700.0, 2_000.0] {
            let (mut depth_m, mut force_n, mut peak_n) = (0.0_f64, 0.0_f64, 0.0_f64);
            for _ in 0..5_000 {
                depth_m += normal_speed(5.0, force_n, 0.02) * 1e-3;
                // A servo of 20 ms between the order and the tissue.
                force_n += (stiffness_n_m * depth_m.max(0.0) - force_n) * (1e-3 / 0.02);
                peak_n = peak_n.max(force_n);
            }
            assert!((force_n - 5.0).abs() < 0.1, "{stiffness_n_m} N/m: {force_n} N");
            assert!(peak_n < 7.0, "{stiffness_n_m} N/m overshoots to {peak_n} N");
        }
    }
}

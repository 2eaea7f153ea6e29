//! The hazards, what is done about each, and the tests that show it.
//!
//! The numbers are those of the project's hazard list (SAFETY.md says where it comes from). Each entry
//! names the interlocks that guard against it; the table of interlocks names the hazards in turn, and a
//! test compares the two.

use protocol::cause::Cause;

/// How far a hazard is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Covered {
    /// Detected, with a reaction, and tests show it.
    Yes,
    /// The remark says what is missing.
    Partly,
    /// Nothing yet.
    No,
}

/// One hazard.
#[derive(Debug)]
pub(crate) struct Hazard {
    /// Its number.
    pub(crate) id: &'static str,
    /// What can happen.
    pub(crate) what: &'static str,
    /// How far it is covered.
    pub(crate) covered: Covered,
    /// The interlocks that guard against it.
    pub(crate) interlocks: &'static [Cause],
    /// What else does, or what is missing.
    pub(crate) remark: &'static str,
    /// The tests that show what no interlock's own tests show.
    pub(crate) tests: &'static [&'static str],
}

const fn hazard(
    id: &'static str,
    what: &'static str,
    covered: Covered,
    interlocks: &'static [Cause],
    remark: &'static str,
    tests: &'static [&'static str],
) -> Hazard {
    Hazard { id, what, covered, interlocks, remark, tests }
}

use Cause as C;
use Covered::{No, Partly, Yes};

/// Every hazard.
#[rustfmt::skip]
pub(crate) const HAZARDS: [Hazard; 43] = [
    hazard("H01", "packets lost", Yes, &[C::Loss],
        "a lost command never drifts or jumps",
        &["a_reclutch_that_nobody_saw_does_not_move"]),
    hazard("H02", "blackout", Yes, &[C::CmdSilence],
        "a second path, where there is one",
        &["after_an_outage_a_fresh_command_passes_within_a_round_trip_and_nothing_stale_does",
          "an_outage_beyond_the_limit_ends_the_session_and_nothing_is_followed",
          "a_path_that_is_cut_costs_no_command"]),
    hazard("H03", "delay", Yes, &[C::CmdAge, C::LoopAge, C::ViewAge],
        "the geometric budget slows before they stop", &["the_age_of_the_picture_caps_the_speed"]),
    hazard("H04", "jitter", Partly, &[C::CmdAge, C::LoopAge, C::ViewAge],
        "as far as it makes an age grow; no trend is watched", &[]),
    hazard("H05", "reordering", Yes, &[],
        "newest wins", &["reordered_and_duplicated_frames_move_as_the_newest_says"]),
    hazard("H06", "duplication", Yes, &[],
        "the same; a duplicate refreshes no timer", &["a_dropped_frame_refreshes_nothing"]),
    hazard("H07", "replay within a session", Yes, &[],
        "QUIC's packet protection, sequence, epoch, session",
        &["frames_without_identity_are_dropped_and_counted"]),
    hazard("H08", "replay of another session, 0-RTT", Yes, &[],
        "random session, no early data",
        &["nothing_can_be_sent_early_on_a_second_connection"]),
    hazard("H09", "stranger on the link", Yes, &[],
        "mutual TLS 1.3; no revocation lists",
        &["a_console_without_a_certificate_is_refused",
          "a_console_of_another_authority_is_refused_even_if_that_has_the_same_name",
          "an_expired_certificate_is_refused_on_either_side",
          "another_role_is_refused_with_a_sentence",
          "a_flood_of_strangers_costs_no_memory_and_no_frame"]),
    hazard("H10", "stale burst after a blackout", Yes, &[C::CmdSilence, C::LoopAge],
        "at the source and at the robot",
        &["after_a_second_of_blackout_at_most_the_queued_frames_are_stale",
          "a_burst_of_stale_commands_after_a_blackout_moves_nothing"]),
    hazard("H11", "clock skew", Yes, &[C::ClockLost],
        "no clock of another machine is used; the robot's own may stand still", &[]),
    hazard("H12", "clock step", Yes, &[C::ClockLost, C::LoopAge],
        "a robot clock that runs backwards gives no age",
        &["nothing_future_and_forgotten_have_no_age", "a_clock_that_is_set_back_ends_no_patience"]),
    hazard("H13", "asymmetric path", Yes, &[],
        "inside the error of the attribution, without effect on safety",
        &["one_seed_is_one_run"]),
    hazard("H14", "operator drops the device", Yes, &[C::Deadman, C::InputStall],
        "a pad that drops off the radio without a word from the system is not noticed, use a wired one",
        &[]),
    hazard("H15", "deadman or clutch taped", Yes, &[C::Clutch], "",
        &["nothing_but_the_full_act_engages"]),
    hazard("H16", "jump on engaging", Yes, &[C::Clutch],
        "the frame that engages moves nothing; ENGAGE-JUMP; the jaw catches up slowly",
        &["the_frame_that_engages_moves_nothing_and_the_next_ones_do",
          "a_force_wanted_while_closing_does_not_move",
          "an_arm_that_is_not_aligned_is_not_engaged",
          "a_jaw_catches_up_at_its_rate"]),
    hazard("H17", "change of scale while following", Yes, &[],
        "the scale is fixed by the profile", &["the_hash_covers_values_and_not_comments"]),
    hazard("H18", "unstable force feedback", No, &[],
        "there is no force feedback; the force loop is local", &[]),
    hazard("H19", "outside the workspace, in a no-go zone", Yes,
        &[C::Workspace, C::NoGo, C::Port], "governor, on the way to a stop as well",
        &["whatever_comes_in_what_goes_out_is_inside_every_limit",
          "the_setpoint_stays_in_the_cone_of_the_port"]),
    hazard("H20", "too much force", Yes, &[C::ContactForce],
        "soft and hard limit; along the tool only",
        &["no_hand_presses_beyond_the_hard_limit",
          "the_hand_can_not_press_while_a_force_is_wanted"]),
    hazard("H21", "too fast, too hard, too jerky", Yes, &[C::Speed, C::BadFrames],
        "governor: speed, acceleration and jerk; leaps of the hand",
        &["whatever_comes_in_what_goes_out_is_inside_every_limit",
          "whatever_comes_in_a_base_stays_inside_its_limits"]),
    hazard("H22", "joint limits, singularity", Yes, &[C::JointLimit, C::Singularity],
        "by what the robot reports of its reach",
        &["near_the_ends_of_its_reach_an_arm_is_slow_and_never_stuck"]),
    hazard("H23", "numbers that are none, malformed frames", Yes,
        &[C::BadFrames, C::RobotFault], "decoders refuse them; fuzzed",
        &["what_is_not_a_command_is_refused_for_its_own_reason",
          "what_is_not_known_is_not_safe"]),
    hazard("H24", "sensor frozen or wrong", Partly,
        &[C::SensorFrozen, C::Tracking, C::RobotFault],
        "a wrong force that changes is not noticed; two encoders are left to the driver", &[]),
    hazard("H25", "frozen picture looks live", Partly, &[C::ViewAge, C::MediaStall],
        "the number is not burnt into the picture: a camera that repeats itself is not noticed",
        &["a_picture_that_is_repeated_grows_old"]),
    hazard("H26", "wrong picture, wrong patient", Partly, &[C::ViewAge],
        "the source that steers is named; nothing identifies a patient",
        &["a_picture_of_another_source_does_not_steer"]),
    hazard("H27", "two operators", Yes, &[C::Authority],
        "one grant at a time", &["one_operator_at_a_time"]),
    hazard("H28", "hand-over", Partly, &[C::Authority],
        "release, then a new grant under a new epoch; no offer and accept",
        &["nobody_is_granted_authority_before_the_last_one_knows"]),
    hazard("H29", "agent crashes", Partly, &[],
        "the robot's own watchdog; a robot without one fails the self-test; tried with the simulated one",
        &["silence_trips_the_robots_own_watchdog_and_only_a_reset_clears_it",
          "a_robot_that_does_not_fit_its_profile_fails_the_self_test"]),
    hazard("H30", "agent hangs, overrun", Yes, &[C::ServoStall, C::ServoOverrun],
        "a loop that never comes back is for the robot's own watchdog", &[]),
    hazard("H31", "console hears nothing", Yes, &[C::LoopAge], "", &[]),
    hazard("H32", "robot hears nothing", Yes, &[C::CmdSilence],
        "the console shows a state older than 100 ms as unknown", &[]),
    hazard("H33", "computer overloaded", Partly, &[C::ServoOverrun],
        "real-time priority and locked memory, where the system permits them", &["a_servo_that_misses_its_ticks_holds"]),
    hazard("H34", "recorder fails", Partly, &[C::RecorderStall],
        "what there is of a recorder is the journal: it counts and logs", &[]),
    hazard("H35", "certificate ends during a session", Partly, &[],
        "the session goes on; nothing warns", &["an_expired_certificate_is_refused_on_either_side"]),
    hazard("H36", "versions or profiles differ", Yes, &[],
        "ALPN, frame version, hash of the profile",
        &["another_protocol_is_refused_and_both_sides_say_what_they_speak",
          "the_hash_covers_values_and_not_comments"]),
    hazard("H37", "wrong robot, tool or frame configured", Partly, &[],
        "body, arms, ports, speed and own limits are compared with the profile; nothing checks the tool",
        &["what_a_robot_lacks_is_told", "own_limits_that_were_not_taken_over_fail_the_self_test"]),
    hazard("H38", "operator mistakes the mode, or the arm", Yes, &[C::StateMismatch],
        "the page reads back which word stands on it; a page that lies about it is believed; the other arm moves only from rest",
        &["the_other_arm_begins_only_from_rest_and_so_does_the_first_one_after_it",
          "a_console_that_is_late_is_not_mistaken",
          "a_page_that_shows_another_state_is_told_as_it_is",
          "a_page_that_stands_still_holds_at_the_next_change_of_state"]),
    hazard("H39", "robot restarts, old frames valid again", Yes, &[C::Authority],
        "random session and first epoch", &["frames_without_identity_are_dropped_and_counted"]),
    hazard("H40", "STOP from afar is lost", Yes, &[],
        "repeated until confirmed; the console says when it is not, after 200 ms",
        &["a_stop_flag_counts_under_any_epoch_and_once", "power_does_not_undo_a_stop"]),
    hazard("H41", "drives or brakes fail", Partly, &[C::RobotFault],
        "as far as the robot reports it",
        &["drives_that_go_off_and_poses_that_are_none_are_faults"]),
    hazard("H42", "energy device active during HOLD", No, &[], "there is none", &[]),
    hazard("H43", "people in the workspace", Yes, &[C::Guard, C::Obstacle, C::SensorFrozen],
        "an input for a guard; a base brakes before what it sees",
        &["somebody_near_a_standing_base_stops_nothing"]),
];

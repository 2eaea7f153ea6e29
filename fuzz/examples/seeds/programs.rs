//! Programs for the robot's core.

use farreach_fuzz::robot::Op;

/// What a program does once the robot follows.
type Tail = Vec<(Op, Vec<u8>)>;

const EAST: [u8; 6] = [0, 0x20, 0, 0, 0, 0];
const WEST: [u8; 6] = [0, 0xA0, 0, 0, 0, 0];
const AWAY: [u8; 6] = [0xFF, 0x7F, 0, 0, 0, 0];
const LEFT: [u8; 6] = [0, 0, 0xFF, 0x7F, 0, 0];
const UP: [u8; 6] = [0, 0, 0, 0, 0xFF, 0x7F];
const DOWN: [u8; 6] = [0, 0, 0, 0, 0, 0x80];
const ASKEW: [u8; 6] = [0xFF, 0x7F, 0, 0xA0, 0, 0xC0];

/// Every program; `datagram` is one that a console sends.
pub fn all(datagram: &[u8]) -> Vec<Vec<u8>> {
    use Op::{Engage, Local, Measure, Open, OwnLimits, Reach, Run, Silence};
    // Authority before power; a robot that does not fit; limits that were not taken over.
    let standby =
        [(Silence, vec![60]), (Open, vec![0]), (Run, vec![9]), (Local, vec![3]), (Engage, vec![0])];
    let refused = [(OwnLimits, vec![2]), (Silence, vec![60]), (Local, vec![2]), (Run, vec![9])];
    let mut all = vec![
        [0, 7].into_iter().chain(spelt(&standby)).collect(),
        [0xE1, 7].into_iter().chain(spelt(&standby)).collect(),
        [0xF2, 7].into_iter().chain(spelt(&standby)).collect(),
        [1, 7].into_iter().chain(spelt(&refused)).collect(),
    ];
    // What every robot does, in turn with each; what arms do, with each kind of arm; and a base.
    let (any, arms, base) = (tails_of_any(datagram), tails_of_arms(), tails_of_base());
    let half = half_an_act();
    let choices: [(&[u8], &[Tail]); 4] =
        [(&[0, 1, 2], &any), (&[0, 1, 5, 8, 9], &arms), (&[2], &base), (&[0, 1], &half)];
    for (choices, tails) in choices {
        for (n, tail) in tails.iter().enumerate() {
            all.push(session(choices[n % choices.len()], n, tail));
        }
    }
    all.extend([0, 1, 2].map(|choice| session(choice, 0, &tour())));
    all.extend(of_one_kind().into_iter().map(|(choice, tail)| session(choice, 0, &tail)));
    // A force that is wanted, a sensor that lies before power, and a self-test that never ends.
    all.push(session(4, 0, &[(Measure, vec![0x44, 255]), (Run, vec![99])]));
    all.push([4, 7].into_iter().chain(spelt(&[(Measure, vec![1, 0]), (Run, vec![9])])).collect());
    all.extend(of_power().into_iter().map(|(choice, tail)| session(choice, 0, &tail)));
    // The short link: from the beginning, through every state, and slowed by a pause that others do not notice.
    all.push([3, 7].into_iter().chain(spelt(&standby)).collect());
    all.push(session(3, 0, &tour()));
    all.push(session(3, 0, &[(Silence, vec![8]), (Run, vec![9])]));
    let far = [(Reach, EAST.to_vec()), (Run, vec![255]), (Run, vec![255]), (Run, vec![255])];
    all.push(session(3, 0, &far));
    all
}

/// Drives that are off, stay on or drop out, and sensors that die alone.
fn of_power() -> Vec<(u8, Tail)> {
    use Op::{Force, Hand, Local, Measure, Reach, Run};
    let again = [(Local, vec![1]), (Local, vec![2]), (Run, vec![99]), (Local, vec![3])];
    let pushed = [(Local, vec![0]), (Run, vec![9]), (Measure, vec![5, 200]), (Run, vec![99])];
    let sound = (Measure, vec![31, 0]);
    let reach = (Reach, AWAY.to_vec());
    let estop = [&pushed[..], std::slice::from_ref(&sound), &again, &[(Run, vec![99])]].concat();
    let pressed: Tail = vec![(Measure, vec![4, 255]), (Run, vec![9]), sound, (Local, vec![4])];
    let off_and_on = [(Run, vec![255]), (Run, vec![255]), (Local, vec![3]), (Run, vec![255])];
    let welded = [(Local, vec![4]), (Run, vec![9]), (Measure, vec![20, 0])];
    let drops = [(Measure, vec![3, 0]), (Run, vec![200]), (Measure, vec![0x83, 0])];
    vec![
        (0, estop.clone()),
        (2, estop),
        (0, [&welded[..], &[(Run, vec![255]), (Run, vec![255])]].concat()),
        (0, [&[reach.clone(), (Run, vec![200])], &drops[..], &[(Run, vec![200])]].concat()),
        (2, [&[reach.clone(), (Run, vec![200])], &drops[..], &[(Run, vec![200])]].concat()),
        (0, [&pressed[..], &off_and_on].concat()),
        (0, vec![(Hand, vec![255, 2]), (Run, vec![255]), (Hand, vec![255, 0x81]), (Run, vec![99])]),
        (0, vec![(Measure, vec![22, 0]), (Force, vec![50]), (Run, vec![255]), (Run, vec![255])]),
        (2, vec![(Measure, vec![21, 200]), (Run, vec![9])]),
        (2, vec![(Measure, vec![23, 64]), (Run, vec![99])]),
        (2, vec![reach, (Run, vec![255]), (Measure, vec![9, 0]), (Measure, vec![17, 10])]),
    ]
}

/// One session: begin, engage, and what the tail says.
fn session(choice: u8, n: usize, tail: &[(Op, Vec<u8>)]) -> Vec<u8> {
    use Op::{Begin, Engage, Run};
    let mut program = vec![choice, if n & 2 == 0 { 5 } else { 0xFE }];
    program.extend(spelt(&[(Begin, vec![]), (Run, vec![9]), (Engage, vec![0])]));
    program.extend(spelt(tail));
    program
}

/// Through every state that begins with following.
fn tour() -> Tail {
    use Op::{Hand, Lag, Local, Measure, Reach, Run, Stop, Tick};
    vec![
        (Reach, EAST.to_vec()),
        (Run, vec![250]),
        (Lag, vec![0, 8]),
        (Run, vec![60]),
        (Lag, vec![0, 0]),
        (Hand, vec![0, 0]),
        (Run, vec![20]),
        (Stop, vec![0, 1]),
        (Run, vec![20]),
        (Local, vec![0]),
        (Run, vec![20]),
        (Local, vec![1]),
        (Local, vec![2]),
        (Run, vec![5]),
        (Measure, vec![1, 0]),
        (Tick, vec![]),
    ]
}

/// What stops every robot, and what brings it back.
fn tails_of_any(datagram: &[u8]) -> Vec<Tail> {
    let mut all = stops_from_afar();
    all.push(vec![(Op::Datagram, datagram.to_vec())]);
    all.extend(stops_at_the_bedside());
    all.extend(what_a_console_gets_wrong());
    all
}

fn stops_from_afar() -> Vec<Tail> {
    use Op::{
        Acknowledge, Close, Engage, Local, Malformed, Open, Reach, Run, Silence, Stop, Tick, Wrong,
    };
    vec![
        vec![(Reach, EAST.to_vec()), (Run, vec![255])],
        vec![(Reach, EAST.to_vec()), (Run, vec![50]), (Silence, vec![200]), (Engage, vec![0])],
        vec![
            (Stop, vec![0, 1]),
            (Run, vec![9]),
            (Acknowledge, vec![0, 0]),
            (Local, vec![2]),
            (Engage, vec![0]),
        ],
        vec![
            (Stop, vec![0, 1]),
            (Run, vec![9]),
            (Local, vec![4]),
            (Run, vec![9]),
            (Local, vec![3]),
            (Run, vec![9]),
            (Local, vec![2]),
            (Engage, vec![0]),
        ],
        vec![
            (Local, vec![4]),
            (Run, vec![9]),
            (Stop, vec![0, 1]),
            (Local, vec![3]),
            (Engage, vec![0]),
        ],
        vec![(Open, vec![1]), (Close, vec![0]), (Open, vec![1]), (Engage, vec![0])],
        vec![
            (Malformed, vec![0]),
            (Malformed, vec![0]),
            (Malformed, vec![0]),
            (Tick, vec![]),
            (Engage, vec![0]),
        ],
        vec![(Stop, vec![0, 1]), (Local, vec![2]), (Engage, vec![0])],
        vec![(Wrong, vec![7, 1]), (Run, vec![9]), (Wrong, vec![7, 2]), (Run, vec![9])],
        vec![(Silence, vec![200]), (Run, vec![255]), (Run, vec![99])],
        vec![
            (Reach, EAST.to_vec()),
            (Run, vec![200]),
            (Silence, vec![255]),
            (Silence, vec![255]),
            (Run, vec![255]),
            (Engage, vec![0]),
        ],
    ]
}

fn stops_at_the_bedside() -> Vec<Tail> {
    use Op::{Begin, Clock, Computer, Engage, Local, Measure, Open, Reach, Run, Tick};
    let until_reset = |what: Vec<u8>| {
        vec![
            (Reach, EAST.to_vec()),
            (Run, vec![99]),
            (Measure, what),
            (Run, vec![99]),
            (Measure, vec![0, 0]),
            (Op::Acknowledge, vec![0, 0]),
            (Local, vec![2]),
            (Engage, vec![0]),
        ]
    };
    vec![
        vec![
            (Reach, EAST.to_vec()),
            (Run, vec![99]),
            (Local, vec![0]),
            (Run, vec![99]),
            (Local, vec![1]),
            (Local, vec![2]),
            (Local, vec![3]),
            (Open, vec![1]),
            (Engage, vec![0]),
        ],
        vec![
            (Measure, vec![1, 0]),
            (Tick, vec![]),
            (Measure, vec![0, 0]),
            (Local, vec![2]),
            (Begin, vec![]),
            (Engage, vec![0]),
        ],
        vec![(Measure, vec![2, 0]), (Tick, vec![]), (Measure, vec![2, 11]), (Tick, vec![])],
        vec![(Measure, vec![3, 0]), (Run, vec![255]), (Run, vec![255]), (Run, vec![9])],
        until_reset(vec![13, 0]),
        until_reset(vec![14, 84]),
        until_reset(vec![5, 255]),
        until_reset(vec![9, 0]),
        vec![(Reach, AWAY.to_vec()), (Run, vec![200]), (Local, vec![4]), (Run, vec![99])],
        vec![(Local, vec![4]), (Run, vec![9]), (Local, vec![3]), (Engage, vec![0])],
        vec![(Local, vec![0]), (Run, vec![255]), (Run, vec![255]), (Run, vec![99])],
        vec![(Local, vec![0]), (Local, vec![2]), (Run, vec![9]), (Open, vec![1]), (Tick, vec![])],
        vec![
            (Clock, vec![3, 0, 0, 0, 0, 2, 0, 0, 0]),
            (Tick, vec![]),
            (Open, vec![2]),
            (Tick, vec![]),
        ],
        vec![(Clock, vec![5, 0, 1]), (Run, vec![99]), (Engage, vec![0])],
        vec![(Clock, vec![1, 0x20, 0x4E]), (Run, vec![9]), (Clock, vec![1, 0x21, 0x4E])],
        vec![(Computer, vec![0, 101]), (Run, vec![9]), (Computer, vec![0, 0]), (Engage, vec![0])],
        vec![(Computer, vec![1, 75]), (Run, vec![99]), (Computer, vec![1, 255]), (Run, vec![9])],
        vec![(Computer, vec![2, 41]), (Run, vec![9]), (Computer, vec![2, 3]), (Engage, vec![0])],
        vec![(Computer, vec![2, 5]), (Engage, vec![0]), (Computer, vec![2, 0]), (Run, vec![9])],
        vec![(Computer, vec![3, 0]), (Run, vec![99]), (Engage, vec![0])],
    ]
}

fn what_a_console_gets_wrong() -> Vec<Tail> {
    use Op::{Engage, Hand, Lag, Reach, Run, Sample, Show, Source, View, Wrong};
    vec![
        vec![(Lag, vec![40, 0]), (Run, vec![255])],
        vec![(Lag, vec![100, 0]), (Reach, EAST.to_vec()), (Run, vec![255])],
        vec![(Lag, vec![140, 0]), (Run, vec![255])],
        vec![(Lag, vec![0, 20]), (Run, vec![255])],
        vec![(Lag, vec![0, 5]), (Reach, EAST.to_vec()), (Run, vec![255])],
        vec![
            (Wrong, vec![0, 1]),
            (Wrong, vec![2, 255]),
            (Wrong, vec![3, 1]),
            (Wrong, vec![4, 1]),
            (Run, vec![9]),
        ],
        vec![(Wrong, vec![8, 128]), (Wrong, vec![9, 2]), (Wrong, vec![10, 3]), (Run, vec![9])],
        vec![(Wrong, vec![11, 0]), (Wrong, vec![11, 0]), (Wrong, vec![11, 0]), (Run, vec![9])],
        vec![(View, vec![1, 9]), (View, vec![0xC0, 9]), (View, vec![0x80, 9]), (Run, vec![99])],
        vec![(View, vec![0x38, 0]), (Run, vec![9]), (View, vec![3, 0]), (Run, vec![9])],
        vec![(Sample, vec![0]), (Run, vec![255]), (Run, vec![99]), (Sample, vec![1])],
        vec![(Sample, vec![0xFF]), (Run, vec![255]), (Run, vec![99])],
        vec![
            (Show, vec![2]),
            (Run, vec![99]),
            (Run, vec![9]),
            (Show, vec![255]),
            (Engage, vec![0]),
        ],
        vec![(Source, vec![3]), (Run, vec![9]), (Source, vec![7]), (Engage, vec![0])],
        vec![(Source, vec![0x87]), (Run, vec![9]), (Source, vec![7]), (Engage, vec![0])],
        vec![
            (Hand, vec![255, 1]),
            (Reach, EAST.to_vec()),
            (Run, vec![9]),
            (Hand, vec![0, 0]),
            (Run, vec![9]),
        ],
        vec![
            (Hand, vec![0, 0]),
            (Run, vec![2]),
            (Hand, vec![255, 0]),
            (Run, vec![99]),
            (Hand, vec![255, 1]),
            (Run, vec![9]),
        ],
        vec![(Hand, vec![255, 0]), (Run, vec![220]), (Hand, vec![255, 0x82]), (Run, vec![9])],
        vec![
            (Reach, EAST.to_vec()),
            (Run, vec![99]),
            (Hand, vec![255, 2]),
            (Run, vec![99]),
            (Hand, vec![255, 0]),
            (Run, vec![9]),
            (Hand, vec![255, 1]),
            (Run, vec![9]),
        ],
    ]
}

fn tails_of_arms() -> Vec<Tail> {
    use Op::{Engage, Force, Jaw, Leap, Local, Measure, Reach, Run, Tick, Turn, Wrong};
    let go = |to: [u8; 6]| vec![(Reach, to.to_vec()), (Run, vec![255]), (Run, vec![255])];
    vec![
        go(UP),
        go(AWAY),
        go(DOWN),
        go(ASKEW),
        go(LEFT),
        vec![(Reach, AWAY.to_vec()), (Run, vec![150]), (Reach, WEST.to_vec()), (Run, vec![200])],
        vec![(Reach, AWAY.to_vec()), (Run, vec![150]), (Op::Hand, vec![0, 0]), (Run, vec![99])],
        vec![(Turn, EAST.to_vec()), (Run, vec![255])],
        vec![(Turn, AWAY.to_vec()), (Reach, LEFT.to_vec()), (Run, vec![255]), (Turn, UP.to_vec())],
        vec![(Force, vec![20]), (Run, vec![200]), (Measure, vec![4, 100]), (Run, vec![200])],
        vec![(Measure, vec![16, 100]), (Force, vec![40]), (Run, vec![255]), (Run, vec![255])],
        vec![(Measure, vec![16, 200]), (Reach, DOWN.to_vec()), (Run, vec![255]), (Run, vec![255])],
        vec![
            (Measure, vec![4, 255]),
            (Run, vec![99]),
            (Measure, vec![0, 0]),
            (Op::Acknowledge, vec![0, 0]),
            (Local, vec![2]),
            (Engage, vec![0]),
        ],
        vec![
            (Measure, vec![4, 255]),
            (Run, vec![255]),
            (Local, vec![4]),
            (Run, vec![9]),
            (Measure, vec![0, 0]),
            (Local, vec![3]),
            (Run, vec![255]),
        ],
        vec![(Measure, vec![4, 72]), (Reach, EAST.to_vec()), (Run, vec![255])],
        vec![(Measure, vec![4, 116]), (Reach, DOWN.to_vec()), (Run, vec![255])],
        vec![(Leap, LEFT.to_vec()), (Run, vec![0]), (Leap, UP.to_vec()), (Run, vec![9])],
        vec![(Wrong, vec![12, 41]), (Run, vec![9]), (Wrong, vec![12, 127]), (Run, vec![9])],
        vec![(Jaw, vec![255]), (Run, vec![255]), (Jaw, vec![0]), (Run, vec![99])],
        vec![(Engage, vec![100]), (Run, vec![20])],
        vec![(Force, vec![40]), (Engage, vec![0]), (Run, vec![20])],
        vec![(Engage, vec![255]), (Run, vec![20])],
        vec![(Measure, vec![6, 90]), (Run, vec![9]), (Measure, vec![0x86, 0]), (Run, vec![9])],
        vec![(Measure, vec![7, 90]), (Run, vec![9]), (Measure, vec![0x87, 90]), (Run, vec![9])],
        vec![(Measure, vec![8, 80]), (Engage, vec![0]), (Measure, vec![8, 100]), (Engage, vec![0])],
        vec![(Measure, vec![0x8A, 90]), (Reach, AWAY.to_vec()), (Run, vec![99])],
        vec![(Measure, vec![0x8A, 25]), (Run, vec![9])],
        vec![(Measure, vec![0x8B, 99]), (Reach, AWAY.to_vec()), (Run, vec![99])],
        vec![(Measure, vec![0x8B, 29]), (Run, vec![9])],
        vec![(Measure, vec![12, 79]), (Run, vec![9]), (Measure, vec![12, 81]), (Run, vec![9])],
        vec![(Reach, AWAY.to_vec()), (Run, vec![50]), (Measure, vec![19, 0]), (Run, vec![255])],
        vec![(Measure, vec![0x8E, 1]), (Tick, vec![]), (Run, vec![9])],
        vec![
            (Op::Hand, vec![255, 0]),
            (Run, vec![9]),
            (Local, vec![4]),
            (Run, vec![9]),
            (Measure, vec![6, 60]),
            (Run, vec![9]),
            (Measure, vec![8, 60]),
            (Local, vec![3]),
            (Measure, vec![0, 0]),
            (Engage, vec![0]),
        ],
    ]
}

fn tails_of_base() -> Vec<Tail> {
    use Op::{Engage, Hand, Lag, Measure, Reach, Run, Silence};
    let drive = |then: &[(Op, Vec<u8>)]| {
        [&[(Reach, AWAY.to_vec()), (Run, vec![255]), (Run, vec![60])], then].concat()
    };
    vec![
        drive(&[(Reach, WEST.to_vec()), (Run, vec![255])]),
        drive(&[(Silence, vec![255]), (Silence, vec![99])]),
        drive(&[(Hand, vec![0, 0]), (Run, vec![255])]),
        drive(&[(Lag, vec![0, 10]), (Run, vec![255])]),
        drive(&[(Measure, vec![17, 60]), (Run, vec![99])]),
        drive(&[(Measure, vec![17, 15]), (Run, vec![99])]),
        drive(&[(Measure, vec![15, 101]), (Run, vec![99])]),
        drive(&[(Measure, vec![5, 50]), (Run, vec![99]), (Measure, vec![5, 60]), (Run, vec![9])]),
        drive(&[(Measure, vec![9, 0]), (Hand, vec![0, 0]), (Run, vec![255])]),
        drive(&[(Measure, vec![2, 8]), (Run, vec![1])]),
        vec![(Measure, vec![18, 70]), (Reach, WEST.to_vec()), (Run, vec![255]), (Run, vec![255])],
        vec![(Reach, LEFT.to_vec()), (Run, vec![255]), (Reach, ASKEW.to_vec()), (Run, vec![255])],
        vec![(Reach, EAST.to_vec()), (Run, vec![200]), (Hand, vec![255, 0]), (Engage, vec![0])],
    ]
}

fn spelt(operations: &[(Op, Vec<u8>)]) -> Vec<u8> {
    operations.iter().flat_map(|(op, rest)| [&[*op as u8], rest.as_slice()].concat()).collect()
}

/// What only some robots show, each with the choice of its robot.
fn of_one_kind() -> Vec<(u8, Tail)> {
    use Op::{
        Clock, Engage, Hand, Jaw, Lag, Lose, Measure, Pace, Reach, Run, Silence, Tick, Turn, View,
    };
    let lost: Tail = (0..30).flat_map(|_| [(Lose, vec![1]), (Run, vec![9])]).collect();
    vec![
        (8, vec![(Reach, AWAY.to_vec()), (Run, vec![255]), (Run, vec![255])]),
        (12, vec![(Reach, LEFT.to_vec()), (Run, vec![255]), (Run, vec![255])]),
        (9, vec![(Reach, DOWN.to_vec()), (Run, vec![255]), (Run, vec![255])]),
        (
            0,
            vec![
                (Measure, vec![4, 116]),
                (Reach, DOWN.to_vec()),
                (Run, vec![255]),
                (Run, vec![255]),
            ],
        ),
        (
            0,
            vec![
                (Measure, vec![0x8A, 90]),
                (Reach, AWAY.to_vec()),
                (Run, vec![255]),
                (Run, vec![99]),
            ],
        ),
        (0, vec![(Lag, vec![50, 0]), (Turn, AWAY.to_vec()), (Run, vec![255]), (Run, vec![255])]),
        (0, vec![(Measure, vec![9, 0]), (Reach, AWAY.to_vec()), (Run, vec![255])]),
        (0, vec![(Measure, vec![13, 0]), (Pace, vec![19]), (Run, vec![200])]),
        (1, vec![(Reach, AWAY.to_vec()), (Pace, vec![4]), (Run, vec![255]), (Run, vec![99])]),
        (
            1,
            vec![
                (Jaw, vec![255]),
                (Run, vec![200]),
                (Jaw, vec![0]),
                (Engage, vec![0]),
                (Run, vec![9]),
            ],
        ),
        (
            2,
            vec![
                (Reach, AWAY.to_vec()),
                (Measure, vec![17, 90]),
                (Pace, vec![4]),
                (Run, vec![255]),
            ],
        ),
        (
            0,
            vec![
                (Reach, AWAY.to_vec()),
                (Run, vec![99]),
                (Clock, vec![1, 0x10, 0x27]),
                (Tick, vec![]),
            ],
        ),
        (
            0,
            vec![
                (Reach, DOWN.to_vec()),
                (Pace, vec![4]),
                (Run, vec![255]),
                (Hand, vec![0, 0]),
                (Run, vec![255]),
                (Silence, vec![255]),
                (Silence, vec![255]),
            ],
        ),
        (
            0,
            vec![
                (Measure, vec![4, 100]),
                (Pace, vec![4]),
                (Hand, vec![255, 2]),
                (Run, vec![255]),
                (Hand, vec![0, 0]),
                (Silence, vec![255]),
                (Silence, vec![255]),
            ],
        ),
        (0, vec![(Run, vec![10]), (View, vec![3, 0]), (Run, vec![9])]),
        (0, vec![(View, vec![0xC0, 9]), (Run, vec![9])]),
        (0, lost.clone()),
        (2, lost),
    ]
}

/// What only a part of the operator's act comes to.
fn half_an_act() -> Vec<Tail> {
    use Op::{
        Acknowledge, Clock, Close, Engage, Hand, Local, Open, Run, Silence, Stop, Tick, Wrong,
    };
    vec![
        vec![
            (Silence, vec![200]),
            (Hand, vec![255, 0]),
            (Run, vec![250]),
            (Hand, vec![255, 1]),
            (Run, vec![3]),
        ],
        vec![
            (Hand, vec![0, 0]),
            (Run, vec![0]),
            (Hand, vec![255, 0]),
            (Run, vec![255]),
            (Run, vec![255]),
            (Hand, vec![255, 1]),
            (Run, vec![3]),
        ],
        vec![
            (Hand, vec![0, 0]),
            (Run, vec![9]),
            (Hand, vec![255, 1]),
            (Run, vec![3]),
            (Hand, vec![255, 0]),
            (Run, vec![255]),
            (Run, vec![255]),
            (Hand, vec![255, 0x82]),
            (Run, vec![3]),
        ],
        vec![
            (Hand, vec![0, 0]),
            (Run, vec![9]),
            (Hand, vec![255, 0]),
            (Run, vec![255]),
            (Run, vec![255]),
            (Hand, vec![255, 1]),
            (Wrong, vec![0, 0]),
            (Close, vec![0]),
            (Open, vec![1]),
            (Run, vec![3]),
        ],
        vec![(Stop, vec![0, 1]), (Run, vec![9]), (Acknowledge, vec![0, 1]), (Local, vec![2])],
        vec![(Stop, vec![0, 1]), (Run, vec![9]), (Acknowledge, vec![1, 0]), (Local, vec![2])],
        vec![
            (Stop, vec![0, 1]),
            (Run, vec![9]),
            (Stop, vec![0, 2]),
            (Acknowledge, vec![0, 1]),
            (Local, vec![2]),
        ],
        vec![
            (Stop, vec![0, 5]),
            (Close, vec![0]),
            (Open, vec![1]),
            (Stop, vec![1, 1]),
            (Run, vec![9]),
        ],
        vec![(Local, vec![0]), (Open, vec![1]), (Tick, vec![]), (Open, vec![1]), (Tick, vec![])],
        vec![(Close, vec![1]), (Run, vec![9]), (Close, vec![0]), (Tick, vec![]), (Engage, vec![0])],
        vec![
            (Clock, vec![2, 0xB8, 0x0B]),
            (Wrong, vec![3, 1]),
            (Wrong, vec![0, 9]),
            (Clock, vec![2, 0xB8, 0x0B]),
            (Tick, vec![]),
        ],
        vec![
            (Clock, vec![2, 0xB8, 0x0B]),
            (Wrong, vec![2, 255]),
            (Clock, vec![2, 0xB8, 0x0B]),
            (Tick, vec![]),
        ],
        vec![
            (Stop, vec![0, 1]),
            (Run, vec![9]),
            (Acknowledge, vec![0, 0]),
            (Stop, vec![0, 2]),
            (Local, vec![2]),
        ],
        vec![
            (Hand, vec![0, 0]),
            (Run, vec![9]),
            (Hand, vec![255, 2]),
            (Run, vec![255]),
            (Hand, vec![255, 1]),
            (Run, vec![3]),
        ],
    ]
}

//! The plot: success against the age of the picture, one mark for each network, as SVG.

use std::fmt::Write as _;

use sim::user::Exercise;

/// One network.
pub(crate) struct Mark {
    pub(crate) name: &'static str,
    /// Median age of the picture. Unit: ms.
    pub(crate) x: f64,
    /// Share of exams that were passed, and its interval.
    pub(crate) rate: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// The robot followed at all.
    pub(crate) follows: bool,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 540.0;
/// Edges of the plot itself: left, right, top, bottom.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 836.0;
const TOP: f64 = 92.0;
const BOTTOM: f64 = 404.0;
/// The lane below it, for robots that never followed: top, bottom.
const LANE: (f64, f64) = (410.0, 458.0);
/// Ends of the axis of ages. Unit: ms.
const AGES_MS: (f64, f64) = (25.0, 1_300.0);
const TICKS_MS: [f64; 10] = [30.0, 50.0, 70.0, 100.0, 150.0, 200.0, 300.0, 500.0, 700.0, 1_000.0];
/// Size of a label, and the width of one of its letters.
const LABEL: f64 = 11.0;
const LETTER: f64 = 6.2;
/// How far from its mark a label is looked for, and in which steps.
const SEARCH: i32 = 24;
/// What it costs a label to lie across the bar of an interval. Unit: that of the way.
const ACROSS: f64 = 50.0;
const STEP: f64 = 8.0;

/// Neutral ink on a card of its own, so that it can be read on any page; the card goes with the reader's scheme.
const STYLE: &str = "\
.card{fill:#ffffff;stroke:#d0d7de}.ink{fill:#1f2328}.soft{fill:#59636e}.grid{stroke:#e4e8ec}\
.axis{stroke:#818b98}.mark{fill:#0969da}.bar{stroke:#0969da}.still{fill:#ffffff;stroke:#bc4c00}\
.lead{stroke:#b1bac4}.limit{stroke:#bc4c00}.warn{fill:#bc4c00}.zone{fill:#bc4c00;fill-opacity:.06}\
@media (prefers-color-scheme:dark){.card{fill:#15191f;stroke:#3d444d}.ink{fill:#e6edf3}.soft{fill:#9198a1}\
.grid{stroke:#272d35}.axis{stroke:#656c76}.mark{fill:#58a6ff}.bar{stroke:#58a6ff}\
.still{fill:#15191f;stroke:#f0883e}.lead{stroke:#4a525c}.limit{stroke:#f0883e}.warn{fill:#f0883e}\
.zone{fill:#f0883e;fill-opacity:.07}}\
text.halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}text.halo{paint-order:stroke;stroke:#ffffff;stroke-width:3px}\
@media (prefers-color-scheme:dark){text.halo{stroke:#15191f}}\
text{font-family:system-ui,-apple-system,'Segoe UI','Noto Sans',sans-serif;font-size:12px}";

/// A rectangle that something else may not cover: left, top, right, bottom.
type Box4 = [f64; 4];

fn at_x(ms: f64) -> f64 {
    let (least, most) = AGES_MS;
    let share = (ms.clamp(least, most) / least).ln() / (most / least).ln();
    LEFT + share * (RIGHT - LEFT)
}

fn at_y(rate: f64) -> f64 {
    BOTTOM - rate * (BOTTOM - TOP)
}

/// Where a mark is.
fn at(mark: &Mark) -> [f64; 2] {
    let y = if mark.follows { at_y(mark.rate) } else { 0.5 * (LANE.0 + LANE.1) };
    [at_x(mark.x), y]
}

/// Marks that lie on each other, with one label for all of them.
fn gathered(marks: &[Mark]) -> Vec<(&Mark, String)> {
    let mut groups: Vec<(&Mark, String)> = Vec::new();
    for mark in marks {
        let [x, y] = at(mark);
        let near = groups.iter_mut().find(|(other, _)| {
            let [ox, oy] = at(other);
            other.follows == mark.follows && (ox - x).abs() < 2.0 && (oy - y).abs() < 2.0
        });
        match near {
            Some((_, names)) => {
                let _ = write!(names, ", {}", mark.name);
            }
            None => groups.push((mark, mark.name.to_owned())),
        }
    }
    groups
}

fn overlap(a: &Box4, b: &Box4) -> bool {
    let [al, at, ar, ab] = a;
    let [bl, bt, br, bb] = b;
    al < br && bl < ar && at < bb && bt < ab
}

/// The picture. `limits`: ages that slow the robot and that hold it. Unit: ms.
pub(crate) fn draw(exercise: Exercise, limits: [f64; 2], seeds: u64, marks: &[Mark]) -> String {
    let title = exercise.name().replace('-', " ");
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Success of the modelled user against the age of the picture, {title}\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"card\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n",
        WIDTH - 1.0,
        HEIGHT - 1.0,
    );
    let what = match exercise {
        Exercise::Probe => "four places for a probe, held there for 2 s",
        Exercise::Touch => "six points touched with an instrument",
        Exercise::Transfer => "three rings brought to pegs of the other side",
    };
    let within_s = exercise.time().as_secs();
    let _ = write!(
        svg,
        "<text class=\"ink\" x=\"{LEFT}\" y=\"34\" style=\"font-size:17px;font-weight:600\">\
         Success against latency: {title}</text>\n\
         <text class=\"soft\" x=\"{LEFT}\" y=\"54\">A modelled user, {what}, all within {within_s} s. {seeds} exams a network.</text>\n"
    );
    grid(&mut svg, limits);
    let groups = gathered(marks);
    let (mut taken, mut bars): (Vec<Box4>, Vec<Box4>) = (Vec::new(), Vec::new());
    for mark in marks {
        let [x, y] = at(mark);
        taken.push([x - 6.0, y - 6.0, x + 6.0, y + 6.0]);
        if mark.follows {
            bars.push([x - 2.0, at_y(mark.most), x + 2.0, at_y(mark.least)]);
        }
    }
    let places: Vec<_> =
        groups.iter().map(|(mark, text)| place(mark, text, &mut taken, &bars)).collect();
    for ((mark, text), to) in groups.iter().zip(&places) {
        lead(&mut svg, mark, text, *to);
    }
    for mark in marks {
        point(&mut svg, mark);
    }
    for ((mark, text), [x, y]) in groups.iter().zip(&places) {
        let class = if mark.follows { "ink" } else { "soft" };
        let _ = writeln!(
            svg,
            "<text class=\"halo {class}\" x=\"{x:.1}\" y=\"{:.1}\" style=\"font-size:{LABEL}px\">{text}</text>",
            y + 4.0
        );
    }
    legend(&mut svg);
    svg.push_str("</svg>\n");
    svg
}

fn grid(svg: &mut String, limits: [f64; 2]) {
    let [soft, hard] = limits.map(at_x);
    let _ = writeln!(
        svg,
        "<rect class=\"zone\" x=\"{hard:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        RIGHT - hard,
        LANE.1 - TOP
    );
    for fifth in 0..=5 {
        let (rate, percent) = (f64::from(fifth) / 5.0, fifth * 20);
        let y = at_y(rate);
        let class = if fifth == 0 { "axis" } else { "grid" };
        let _ = writeln!(
            svg,
            "<path class=\"{class}\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\
             <text class=\"soft\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    let (lane_top, lane_bottom) = LANE;
    let _ = writeln!(
        svg,
        "<path class=\"axis\" d=\"M{LEFT} {lane_bottom}H{RIGHT}\"/>\
         <text class=\"soft\" x=\"{x}\" y=\"{:.1}\" text-anchor=\"end\">never</text>\
         <text class=\"soft\" x=\"{x}\" y=\"{:.1}\" text-anchor=\"end\">followed</text>",
        lane_top + 20.0,
        lane_top + 35.0,
        x = LEFT - 8.0
    );
    for ms in TICKS_MS {
        let x = at_x(ms);
        let _ = writeln!(
            svg,
            "<path class=\"axis\" d=\"M{x:.1} {lane_bottom}v5\"/>\
             <text class=\"soft\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{ms:.0}</text>",
            lane_bottom + 19.0
        );
    }
    let _ = writeln!(
        svg,
        "<text class=\"soft\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">\
         median age of the picture that steers, ms (capture to robot)</text>",
        0.5 * (LEFT + RIGHT),
        lane_bottom + 38.0
    );
    let [soft_ms, hard_ms] = limits;
    let _ = writeln!(
        svg,
        "<path class=\"limit\" stroke-dasharray=\"4 4\" d=\"M{soft:.1} {TOP}V{lane_bottom}\"/>\
         <path class=\"limit\" d=\"M{hard:.1} {TOP}V{lane_bottom}\"/>\
         <text class=\"warn\" x=\"{:.1}\" y=\"{}\" text-anchor=\"end\">slower from {soft_ms:.0} ms</text>\
         <text class=\"warn\" x=\"{:.1}\" y=\"{}\">holds from {hard_ms:.0} ms</text>",
        soft - 2.0,
        TOP - 9.0,
        hard + 2.0,
        TOP - 9.0
    );
}

/// Where the label of a mark begins: the nearest place that nothing covers.
fn place(mark: &Mark, text: &str, taken: &mut Vec<Box4>, bars: &[Box4]) -> [f64; 2] {
    let [x, y] = at(mark);
    let (most, least) = if mark.follows { (TOP - 4.0, BOTTOM - 2.0) } else { LANE };
    let wide = text.chars().count() as f64 * LETTER;
    let half = 0.5 * LABEL + 2.0;
    let mut best: Option<(f64, [f64; 2])> = None;
    for row in -SEARCH..=SEARCH {
        for column in -SEARCH..=SEARCH {
            let ly = y + f64::from(row) * STEP;
            let aside = f64::from(column) * STEP;
            let lx = if column < 0 { x - 10.0 + aside - wide } else { x + 10.0 + aside };
            let area = [lx - 3.0, ly - half, lx + wide + 3.0, ly + half];
            let [left, top, right, bottom] = area;
            let inside = left > LEFT && right < RIGHT && top >= most && bottom <= least;
            if !inside || taken.iter().any(|other| overlap(&area, other)) {
                continue;
            }
            // Aside costs more than up and down: lines that fan out cross less.
            let across = bars.iter().filter(|bar| overlap(&area, bar)).count() as f64;
            let cost = aside.abs() * 1.4 + (ly - y).abs() + across * ACROSS;
            if best.is_none_or(|(cheapest, _)| cost < cheapest) {
                best = Some((cost, [lx, ly]));
            }
        }
    }
    let [lx, ly] = best.map_or([x + 10.0, y], |(_, at)| at);
    taken.push([lx - 3.0, ly - half, lx + wide + 3.0, ly + half]);
    [lx, ly]
}

/// From a mark to its label, where that is not beside it.
fn lead(svg: &mut String, mark: &Mark, text: &str, [lx, ly]: [f64; 2]) {
    let [x, y] = at(mark);
    let wide = text.chars().count() as f64 * LETTER;
    let end = if lx > x { lx - 2.0 } else { lx + wide + 2.0 };
    if (ly - y).abs() > 6.0 || (end - x).abs() > 14.0 {
        let _ = writeln!(svg, "<path class=\"lead\" d=\"M{x:.1} {y:.1}L{end:.1} {ly:.1}\"/>");
    }
}

fn point(svg: &mut String, mark: &Mark) {
    let [x, y] = at(mark);
    if mark.follows {
        let _ = writeln!(
            svg,
            "<path class=\"bar\" stroke-width=\"1.5\" stroke-opacity=\".55\" fill=\"none\" \
             d=\"M{x:.1} {:.1}V{:.1}\"/><circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>",
            at_y(mark.most),
            at_y(mark.least)
        );
    } else {
        let _ = writeln!(
            svg,
            "<rect class=\"still\" stroke-width=\"1.6\" x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\"/>",
            x - 4.0,
            y - 4.0
        );
    }
}

fn legend(svg: &mut String) {
    let y = HEIGHT - 18.0;
    let _ = writeln!(
        svg,
        "<circle class=\"mark\" cx=\"{}\" cy=\"{}\" r=\"4\"/>\
         <text class=\"soft\" x=\"{}\" y=\"{y}\">exams passed, with the 95 % interval</text>\
         <rect class=\"still\" stroke-width=\"1.6\" x=\"{}\" y=\"{}\" width=\"8\" height=\"8\"/>\
         <text class=\"soft\" x=\"{}\" y=\"{y}\">never followed: an interlock held the robot</text>",
        LEFT + 4.0,
        y - 4.0,
        LEFT + 14.0,
        LEFT + 256.0,
        y - 8.0,
        LEFT + 270.0,
    );
}

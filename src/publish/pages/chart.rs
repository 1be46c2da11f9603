//! Figures become places on a drawing, in whole numbers: a template only writes them down.
//!
//! A drawing is stretched to the room that there is, so what is written stands beside it, as text.

use serde::Serialize;

/// Height of a drawing, and width of one step of time, in its own units.
const HEIGHT: i64 = 1000;
const STEP: i64 = 10;
/// Marks of a scale, at most.
const MARKS_MAX: usize = 7;

/// Figures over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// Units from left to right.
    pub width: i64,
    /// Units from top to bottom.
    pub height: i64,
    /// The lines, where neighbours both have a figure.
    pub path: String,
    /// What lies between the lines and zero.
    pub area: String,
    /// Figures without neighbours: a line would not show them.
    pub points: Vec<(i64, i64)>,
    /// Marks of the scale of figures, from the top: per cent of the height, and the figure.
    pub levels: Vec<(String, i64)>,
    /// Marks of the scale of time: per cent of the width, and the step.
    pub times: Vec<(String, usize)>,
}

/// Draws figures, one a step; none where one is hidden or not known.
#[must_use]
pub fn lines(figures: &[Option<i64>], starts: &[usize]) -> Lines {
    let largest = figures.iter().flatten().copied().max().unwrap_or_default();
    lines_to(figures, starts, largest)
}

/// Draws figures on the scale of a largest one, so that drawings can be compared.
#[must_use]
pub fn lines_to(figures: &[Option<i64>], starts: &[usize], largest: i64) -> Lines {
    let (top, levels) = scale(largest);
    let count = figures.len().max(1);
    let place = |step: usize| to_units(step).saturating_mul(STEP) + STEP / 2;
    let height = |figure: i64| HEIGHT - ratio(figure.max(0), top, HEIGHT);
    let (mut path, mut area, mut points) = (String::new(), String::new(), Vec::new());
    let mut step = 0;
    while step < figures.len() {
        let run: Vec<(i64, i64)> = figures
            .iter()
            .enumerate()
            .skip(step)
            .map_while(|(at, figure)| figure.map(|figure| (place(at), height(figure))))
            .collect();
        match run.as_slice() {
            [] => {}
            [alone] => points.push(*alone),
            [first, .., last] => {
                let through: Vec<String> = run.iter().map(|(x, y)| format!("{x} {y}")).collect();
                let through = through.join("L");
                path.push_str(&format!("M{through}"));
                area.push_str(&format!("M{} {HEIGHT}L{through}L{} {HEIGHT}Z", first.0, last.0));
            }
        }
        step += run.len().max(1);
    }
    let levels = levels.into_iter().map(|level| (percent(HEIGHT - height(level), HEIGHT), level));
    let every = starts.len().div_ceil(MARKS_MAX).max(1);
    let times = starts.iter().step_by(every);
    let width = to_units(count) * STEP;
    Lines {
        width,
        height: HEIGHT,
        path,
        area,
        points,
        levels: levels.collect(),
        times: times.map(|start| (percent(to_units(*start) * STEP, width), *start)).collect(),
    }
}

/// Where a step begins, in per cent of the width.
#[must_use]
pub fn time(step: usize, count: usize) -> String {
    percent(to_units(step), to_units(count.max(1)))
}

/// A part of a whole in per cent with two decimals, as style sheets write it.
#[must_use]
pub fn percent(part: i64, whole: i64) -> String {
    let found = ratio(part, whole, 10_000);
    format!("{}.{:02}%", found / 100, found % 100)
}

/// A scale from zero that has room for a figure: its end, and where it is marked.
fn scale(largest: i64) -> (i64, Vec<i64>) {
    let largest = largest.max(4);
    let mut unit: i64 = 1;
    // Four steps at most, of 1, 2 or 5 times a power of ten.
    let step = loop {
        let found = [1, 2, 5].into_iter().find_map(|times| {
            let step = unit.saturating_mul(times);
            (step.saturating_mul(4) >= largest).then_some(step)
        });
        match found {
            Some(step) => break step,
            None => unit = unit.saturating_mul(10),
        }
    };
    let steps = largest / step + i64::from(largest % step != 0);
    (step.saturating_mul(steps), (0..=steps).map(|number| number.saturating_mul(step)).collect())
}

/// A part of a whole, in so many units, rounded half up; nothing of nothing.
fn ratio(part: i64, whole: i64, units: i64) -> i64 {
    let (part, whole, units) = (i128::from(part), i128::from(whole), i128::from(units));
    if whole <= 0 {
        return 0;
    }
    i64::try_from((part * units * 2 + whole) / (whole * 2)).unwrap_or_default()
}

fn to_units(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / HEIGHT / STEP)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hidden_figure_breaks_the_line() {
        let drawn = lines(&[Some(10), Some(20), None, Some(5), None], &[0]);
        assert_eq!(drawn.path, "M5 500L15 0");
        assert_eq!(drawn.area, "M5 1000L5 500L15 0L15 1000Z");
        assert_eq!(drawn.points, [(35, 750)]);
        assert_eq!((drawn.width, drawn.height), (50, 1000));
        let levels: Vec<&str> = drawn.levels.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(levels, ["0.00%", "25.00%", "50.00%", "75.00%", "100.00%"]);
        assert_eq!(drawn.levels.last(), Some(&("100.00%".to_owned(), 20)));
    }

    #[test]
    fn nothing_makes_an_empty_drawing() {
        let drawn = lines(&[], &[]);
        assert!(drawn.path.is_empty() && drawn.points.is_empty() && drawn.times.is_empty());
        assert_eq!(drawn.width, 10);
    }

    #[test]
    fn many_years_are_marked_now_and_then() {
        let starts: Vec<usize> = (0..20).map(|year| year * 12).collect();
        let drawn = lines(&vec![Some(1); 240], &starts);
        let marked: Vec<usize> = drawn.times.iter().map(|(_, step)| *step).collect();
        assert_eq!(marked, [0, 36, 72, 108, 144, 180, 216]);
    }

    proptest! {
        #[test]
        fn a_scale_has_room_and_few_marks(largest in 0..i64::MAX / 16) {
            let (top, marks) = scale(largest);
            prop_assert!(top >= largest && (2..=5).contains(&marks.len()));
            prop_assert_eq!((marks.first(), marks.last()), (Some(&0), Some(&top)));
            // Not much of it is empty.
            prop_assert!(largest < 4 || largest > top / 2);
        }
    }
}

//! `carte/` becomes the outlines of the départements, to be drawn; no figure rests on them.

use serde::Deserialize;

use crate::definition::codelist::read;
use crate::definition::{Files, Problem, toml_file};

/// The folder of the map beside the pipeline file.
pub const FOLDER: &str = "carte";
const CREDIT: &str = "carte/carte.toml";
const SHAPES: &str = "carte/contours.csv";
const FRAMES: &str = "carte/cadres.csv";
/// The frame that is the whole drawing.
const WHOLE: &str = "metropole";
/// Letters of SVG path data.
const PATH: &str = "MmLlHhVvZz0123456789-., ";

/// A drawing of the départements; empty where a pipeline has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlines {
    /// Whose work it is, as its licence asks, in French.
    pub credit: String,
    /// The shapes, of which a département may have several.
    pub shapes: Vec<Shape>,
    /// The whole drawing.
    pub whole: Option<Frame>,
    /// Frames within it, each to a scale of its own.
    pub insets: Vec<Frame>,
}

/// A shape of a département.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Shape {
    /// Its code.
    pub departement: String,
    /// The frame that it is in.
    pub carte: String,
    /// SVG path data.
    pub trace: String,
    /// A point within it.
    pub x: i32,
    /// The same.
    pub y: i32,
}

/// A frame of the drawing, in its units.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Frame {
    /// Its name.
    pub carte: String,
    /// What is written in it.
    pub titre: String,
    /// Its left side.
    pub x: i32,
    /// Its top.
    pub y: i32,
    /// From left to right.
    pub largeur: i32,
    /// From top to bottom.
    pub hauteur: i32,
    /// Where its title begins.
    pub titre_x: i32,
    /// The line that its title stands on.
    pub titre_y: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credit {
    credit: String,
}

pub(super) fn load(files: &Files, problems: &mut Vec<Problem>) -> Outlines {
    let Some(bytes) = files.get(CREDIT) else { return Outlines::default() };
    let Some(credit) = toml_file::read::<Credit>(CREDIT, bytes, problems) else {
        return Outlines::default();
    };
    let shapes: Vec<Shape> = read(files, SHAPES, problems);
    let frames: Vec<Frame> = read(files, FRAMES, problems);
    let (whole, insets): (Vec<Frame>, _) =
        frames.into_iter().partition(|frame| frame.carte == WHOLE);
    for shape in &shapes {
        let is_framed = whole.iter().chain(&insets).any(|frame| frame.carte == shape.carte);
        if !is_framed || !shape.trace.chars().all(|letter| PATH.contains(letter)) {
            let message = format!("`{}` in `{}` cannot be drawn", shape.departement, shape.carte);
            problems.push(Problem::new(SHAPES, message));
        }
    }
    Outlines { credit: credit.credit, shapes, whole: whole.into_iter().next(), insets }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(contours: &str) -> Files {
        let frames = "carte,titre,x,y,largeur,hauteur,titre_x,titre_y\nmetropole,F,0,0,9,9,1,1\n\
                      971,Guadeloupe,0,5,2,2,0,6\n";
        let contours = format!("departement,carte,trace,x,y\n{contours}");
        [(CREDIT, "credit = \"a\""), (SHAPES, &contours), (FRAMES, frames)]
            .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
            .into()
    }

    #[test]
    fn a_drawing_has_frames_and_shapes() {
        let mut problems = Vec::new();
        let found = load(&files("01,metropole,M1 1l2-3z,1,1\n"), &mut problems);
        assert_eq!(problems, []);
        assert_eq!(found.whole.map(|frame| frame.largeur), Some(9));
        assert_eq!((found.shapes.len(), found.insets.len()), (1, 1));
        assert_eq!(load(&Files::new(), &mut problems), Outlines::default());
        assert_eq!(problems, []);
    }

    #[test]
    fn what_cannot_be_drawn_is_told() {
        let mut problems = Vec::new();
        load(&files("01,metropole,\"M1 1\"\"><b>\",1,1\n02,ailleurs,M1 1,1,1\n"), &mut problems);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let expected = ["`01` in `metropole`", "`02` in `ailleurs`"];
        let expected = expected.map(|which| format!("carte/contours.csv: {which} cannot be drawn"));
        assert_eq!(told, expected);
    }
}

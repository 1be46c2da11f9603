//! What each night finds in the input folder: exports that grow and are edited, and now and then
//! something that no one should have sent.
//!
//! The hazards are those that the code of the sources makes possible, and those of any transfer.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use crate::support::root;

/// The export of a data lake, as its script writes it.
const LAKE: &str = "cras.csv";
/// Files of one record a line, and where the identifier begins in it.
const RECORDS: [(&str, usize); 4] = [
    ("activites_plates.csv", 0),
    ("coop_activites.jsonl", "{\"id\":\"".len()),
    ("cras_conseiller_numerique_v1.csv", 0),
    (LAKE, 0),
];
const NOTICES: &str = "cras_deleted.jsonl";

/// What is wrong with the inputs of a night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hazard {
    /// The zone of the server that writes the dates has another name, and is another.
    ZoneOfServer,
    /// `null` stands where `undefined` stood.
    NullForUndefined,
    /// Free text full of delimiters, quotes and escaped line ends.
    FreeText,
    /// Codes were renamed in place, and a key changed its shape.
    Recoded,
    /// Postal codes of Corsica.
    Corsica,
    /// A million participants.
    Absurd,
    /// Identifiers that were hashed are not.
    OtherIdentifiers,
    /// Records are gone and no notice tells of it.
    DeletedInSilence,
    /// The notices of deletion did not come.
    NoNotices,
    /// The export breaks off in a record.
    Truncated,
    /// The export has not been made.
    Absent,
    /// The file is there, and empty.
    Empty,
    /// The header alone.
    HeaderAlone,
    /// Half of the lines.
    Half,
    /// The files of the night before.
    Stale,
    /// Bytes that are no export.
    Garbage,
    /// Another file under two names.
    Twice,
    /// A column is not the one that is expected.
    ColumnRenamed,
    /// A column more.
    ColumnAdded,
    /// Written as Windows-1252.
    OtherEncoding,
    /// A line of ten megabytes.
    LongLine,
    /// A folder has the name of an export.
    Folder,
    /// A link that leads nowhere.
    DanglingLink,
    /// A compressed file that breaks off.
    CutArchive,
    /// The run is killed on its way, and made again.
    Killed,
}

impl Hazard {
    /// All of them, each once.
    pub const ALL: [Hazard; 25] = [
        Hazard::ZoneOfServer,
        Hazard::Absent,
        Hazard::FreeText,
        Hazard::Killed,
        Hazard::Truncated,
        Hazard::NullForUndefined,
        Hazard::Stale,
        Hazard::Recoded,
        Hazard::Garbage,
        Hazard::Corsica,
        Hazard::Half,
        Hazard::Absurd,
        Hazard::ColumnRenamed,
        Hazard::NoNotices,
        Hazard::Empty,
        Hazard::Twice,
        Hazard::HeaderAlone,
        Hazard::OtherEncoding,
        Hazard::LongLine,
        Hazard::Folder,
        Hazard::ColumnAdded,
        Hazard::DeletedInSilence,
        Hazard::DanglingLink,
        Hazard::CutArchive,
        Hazard::OtherIdentifiers,
    ];

    /// The exit codes that are right.
    pub fn codes(self) -> &'static [i32] {
        match self {
            // Values that the declarations know, or that only cost their line.
            Self::ZoneOfServer
            | Self::NullForUndefined
            | Self::FreeText
            | Self::Recoded
            | Self::Corsica
            | Self::Absurd
            | Self::DeletedInSilence
            | Self::LongLine
            | Self::Stale
            | Self::Killed => &[0, 3],
            // Something that a person must hear of, published or not.
            Self::NoNotices | Self::Twice | Self::ColumnAdded | Self::Half | Self::Truncated => {
                &[3]
            }
            Self::Folder | Self::DanglingLink | Self::Absent | Self::HeaderAlone => &[3, 66],
            Self::Empty => &[3, 66],
            Self::Garbage
            | Self::ColumnRenamed
            | Self::OtherEncoding
            | Self::CutArchive
            | Self::OtherIdentifiers => &[3, 65],
        }
    }
}

/// The files of a night, by name.
#[derive(Clone, Debug)]
pub struct Export {
    files: BTreeMap<String, Vec<u8>>,
}

impl Export {
    /// The committed sample, with the export of the data lake as it is before it is compressed.
    pub fn of_sample() -> Self {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(root().join("sample-data")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
        let packed = files.remove("cras.csv.gz").unwrap();
        let mut lake = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut lake).unwrap();
        files.insert(LAKE.to_owned(), lake);
        Self { files }
    }

    /// What the sources hold after so many days: each day a record more, one that is edited, and
    /// one that is gone every other day.
    pub fn after(&self, days: usize) -> Self {
        let mut grown = self.clone();
        for (name, id) in RECORDS {
            let mut lines = grown.lines(name);
            let count = lines.len() - 1;
            let of = |day: usize, step: usize| 1 + (day * step) % count;
            for day in 1..=days {
                let mut new = lines[of(day, 7)].clone();
                new.replace_range(id..id + 8, &format!("{day:08x}"));
                lines.push(new);
                let edited = &mut lines[of(day, 11)];
                *edited = edited.replacen(";30;", ";60;", 1);
                *edited = edited.replacen("\"0-30\"", "\"30-60\"", 1);
                *edited = edited.replacen("\"duree\":30", "\"duree\":45", 1);
                if day.is_multiple_of(2) && lines.len() > count / 2 {
                    lines.remove(of(day, 13));
                }
            }
            grown.put(name, &lines);
        }
        grown
    }

    /// The same with something wrong.
    pub fn with(&self, hazard: Hazard) -> Self {
        let mut export = self.clone();
        let text = |old: &str, new: &str| self.text(LAKE).replace(old, new).into_bytes();
        let lake = match hazard {
            Hazard::ZoneOfServer => text(
                "GMT+0000 (Coordinated Universal Time)",
                "GMT+0100 (heure normale d’Europe centrale)",
            ),
            Hazard::NullForUndefined => text(";undefined;", ";null;"),
            Hazard::FreeText => {
                text("\"sousThemes\":null", r#""sousThemes":[{"annotation":["a;b \"c\";\n;{]}"]}]"#)
            }
            Hazard::Recoded => {
                let renamed = self.text(LAKE).replace("\"autre lieu\"", "\"autre\"");
                renamed.replace("\"organismes\":null", "\"organisme\":{\"CAF\":1}").into_bytes()
            }
            Hazard::Corsica => text("\"codePostal\":\"1", "\"codePostal\":\"20"),
            Hazard::Absurd => {
                text("\"collectif\",\"nbParticipants\":", "\"collectif\",\"nbParticipants\":100000")
            }
            Hazard::OtherIdentifiers => text("=;", "=!;"),
            Hazard::DeletedInSilence => {
                let mut lines = self.lines(LAKE);
                lines.truncate(lines.len() - 5);
                joined(&lines)
            }
            Hazard::Truncated => {
                let whole = &self.files[LAKE];
                whole[..whole.len() - 700].to_vec()
            }
            Hazard::Empty => Vec::new(),
            Hazard::HeaderAlone => joined(&self.lines(LAKE)[..1]),
            Hazard::Half => joined(&self.lines(LAKE)[..self.lines(LAKE).len() / 2]),
            Hazard::Garbage => {
                let numbers = (0_u32..12_000).map(|at| at.wrapping_mul(2_654_435_761));
                numbers.flat_map(u32::to_be_bytes).collect()
            }
            Hazard::ColumnRenamed => text("ID;ConseillerId;Cra;", "ID;ConseillerId;Contenu;"),
            Hazard::LongLine => {
                let mut lake = self.files[LAKE].clone();
                lake.extend(std::iter::repeat_n(b'x', 10_000_000));
                lake.push(b'\n');
                lake
            }
            _ => self.files[LAKE].clone(),
        };
        export.files.insert(LAKE.to_owned(), lake);
        match hazard {
            Hazard::Absent | Hazard::Folder | Hazard::DanglingLink => export.take(LAKE),
            Hazard::NoNotices => export.take(NOTICES),
            Hazard::Twice => {
                let same = export.files["activites_plates.csv"].clone();
                export.files.insert("activites_plates_bis.csv".to_owned(), same);
            }
            Hazard::ColumnAdded => {
                let name = "structures.csv";
                let lines = self.lines(name);
                let lines: Vec<String> = lines.iter().map(|line| format!("{line};ajout")).collect();
                export.put(name, &lines);
            }
            Hazard::OtherEncoding => {
                let name = "structures.csv";
                let text = self.text(name).replacen("ASSOCIATION", "ÉQUIPE", 200);
                let narrow = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'));
                export.files.insert(name.to_owned(), narrow.collect());
            }
            Hazard::CutArchive => {
                let name = "dataspace_poste.csv.zst";
                let whole = &self.files[name];
                export.files.insert(name.to_owned(), whole[..whole.len() / 2].to_vec());
            }
            _ => {}
        }
        export
    }

    /// Puts the files into an empty folder.
    pub fn write(&self, folder: &Path, hazard: Option<Hazard>) {
        let _nothing_yet = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        for (name, content) in &self.files {
            fs::write(folder.join(name), content).unwrap();
        }
        match hazard {
            Some(Hazard::Folder) => fs::create_dir(folder.join(LAKE)).unwrap(),
            Some(Hazard::DanglingLink) => {
                std::os::unix::fs::symlink("nowhere", folder.join(LAKE)).unwrap();
            }
            _ => {}
        }
    }

    fn take(&mut self, name: &str) {
        self.files.remove(name).unwrap();
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.files[name].clone()).unwrap()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        self.text(name).lines().map(str::to_owned).collect()
    }

    fn put(&mut self, name: &str, lines: &[String]) {
        self.files.insert(name.to_owned(), joined(lines));
    }
}

fn joined(lines: &[String]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

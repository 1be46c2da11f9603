//! An exit code or a warning becomes what it means and what to do, in French.

use crate::error::{EXIT_WARNINGS, Kind};
use crate::vocabulary::warnings::Code;

/// What an exit code means, and what to do.
#[must_use]
pub fn of_code(code: u8) -> (&'static str, &'static str) {
    let is = |kind: Kind| kind.exit_code() == code;
    match code {
        0 => ("La nuit s'est bien terminée.", "Rien."),
        EXIT_WARNINGS => (
            "La nuit s'est bien terminée, avec des avertissements.",
            "Lire les avertissements ci-dessous ; les chiffres sont publiés.",
        ),
        _ if is(Kind::Data) => (
            "Les données n'ont pas passé un contrôle.",
            "Regarder quelles lignes sont refusées : `conum rejects --unpublished --by source`. Si \
             un export est abîmé, le faire refaire par son fournisseur. Relancer la même nuit sans \
             rien changer donnerait le même résultat.",
        ),
        _ if is(Kind::NoInput) => (
            "Un export attendu n'est pas là, ou il est vide.",
            "Vérifier que l'export est arrivé dans le dossier d'entrée, puis relancer \
             `conum run`.",
        ),
        _ if is(Kind::Unavailable) => (
            "Un serveur ne répond pas.",
            "Attendre, puis relancer la commande : elle reprend où elle s'est arrêtée.",
        ),
        _ if is(Kind::CannotCreate) => (
            "Un fichier ne peut pas être créé.",
            "Vérifier les droits du dossier de l'entrepôt et que le disque accepte l'écriture : \
             `conum doctor`.",
        ),
        _ if is(Kind::Io) => (
            "Une lecture ou une écriture a échoué ; le disque est peut-être plein.",
            "Faire de la place (`conum runs gc --keep 1`), vérifier le disque (`conum doctor`), \
             puis relancer : la nuit reprend où elle s'est arrêtée.",
        ),
        _ if is(Kind::Busy) => (
            "Une autre exécution était en cours.",
            "Attendre qu'elle finisse : `conum status` dit laquelle.",
        ),
        _ if is(Kind::Secrecy) => (
            "Publier révélerait un chiffre couvert par le secret statistique.",
            "Prévenir le statisticien responsable du secret. Ne rien diffuser à la main.",
        ),
        _ if is(Kind::Definition) => (
            "Une déclaration de `pipelines/` est fausse.",
            "`conum check` nomme la ligne ; la corriger, puis relancer.",
        ),
        _ if is(Kind::Interrupted) || is(Kind::Terminated) => (
            "La nuit a été arrêtée, par une personne ou par le système.",
            "Relancer `conum run` : il reprend où il s'est arrêté.",
        ),
        _ => (
            "Le programme a un défaut.",
            "Garder le journal et prévenir l'équipe qui maintient `conum`.",
        ),
    }
}

/// What came to no end.
pub const KILLED: (&str, &str) = (
    "La nuit n'a pas eu de fin : le programme a été tué (mémoire, panne, redémarrage).",
    "Relancer `conum run` : il reprend ce qui est entier. Si cela recommence, regarder la mémoire \
     de la machine.",
);

/// What to do about a warning; none where nothing is known of it.
#[must_use]
pub fn of_warning(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::SourceHeldBack => {
            "L'export de cette nuit n'est pas utilisé : le dernier bon le remplace jusqu'au jour \
             indiqué. Demander un bon export au fournisseur ; si celui de cette nuit est juste, \
             relancer avec `--accept SOURCE`."
        }
        Code::SourceStale => {
            "Aucun enregistrement récent : vérifier que le fournisseur envoie bien l'export du \
             jour."
        }
        Code::InputCut => "L'export est tronqué : le faire refaire par son fournisseur.",
        Code::InputEmpty => "Un export est vide : le faire refaire par son fournisseur.",
        Code::InputTwice => {
            "Deux fois le même fichier : en retirer un. Rien n'est compté deux fois."
        }
        Code::InputUnclaimed => {
            "Ce fichier n'est pas lu. S'il doit l'être, le nommer comme le veut sa source ; sinon \
             le retirer."
        }
        Code::InputNoFile => "Un dossier n'est pas lu : sortir les fichiers qu'il contient.",
        Code::ColumnUnknown => {
            "Le fournisseur a ajouté une colonne. Elle n'est pas lue : la déclarer si elle sert."
        }
        Code::RecordsLater => {
            "Normal pour un jour de référence passé ; sinon vérifier la date des exports."
        }
        Code::CopiesLacking => "Vérifier que toute l'archive de l'Espace Coop est fournie.",
        Code::CopiesSuspected => {
            "Des activités comptent peut-être deux fois : demander à La Coop si ce sont des copies."
        }
        Code::KeyPublished => {
            "Les pseudonymes doivent être faits avec la clé secrète : ajouter `--key-file`."
        }
        Code::RunTakenBack => {
            "Une nuit antérieure est affichée. Corriger les exports ou les déclarations : la \
             prochaine nuit la remplacera."
        }
        Code::AcceptanceUnused => {
            "Un avertissement accepté ne se produit plus : retirer sa ligne de \
             `pipelines/gates.toml`."
        }
        Code::Other => return None,
    })
}

/// A stage, in French.
#[must_use]
pub fn stage(name: &str) -> &str {
    match name {
        "ingest" => "lecture",
        "clean" => "nettoyage",
        "aggregate" => "tableaux",
        "protect" => "secret statistique",
        "publish" => "publication",
        other => other,
    }
}

//! An exit code or a warning becomes what it means and what to do, in French.

use crate::error::{EXIT_WARNINGS, Kind};

/// What an exit code means, and what to do.
pub(super) fn of_code(code: u8) -> (&'static str, &'static str) {
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
pub(super) const KILLED: (&str, &str) = (
    "La nuit n'a pas eu de fin : le programme a été tué (mémoire, panne, redémarrage).",
    "Relancer `conum run` : il reprend ce qui est entier. Si cela recommence, regarder la mémoire \
     de la machine.",
);

/// Words of a warning, and what to do about it.
const WARNINGS: [(&str, &str); 11] = [
    (
        "matches no source",
        "Ce fichier n'est pas lu. S'il doit l'être, le nommer comme le veut sa source ; sinon \
         le retirer.",
    ),
    (
        "has the same bytes as",
        "Deux fois le même fichier : en retirer un. Rien n'est compté deux fois.",
    ),
    (
        "is not a file and was not read",
        "Un dossier n'est pas lu : sortir les fichiers qu'il contient.",
    ),
    (
        "had an input in the last run and has none",
        "Un export manque depuis la dernière nuit : le demander à son fournisseur. Ses lignes ne \
         comptent plus.",
    ),
    (
        "that is not declared",
        "Le fournisseur a ajouté une colonne. Elle n'est pas lue : la déclarer si elle sert.",
    ),
    ("has no record", "Un export est vide : le faire refaire par son fournisseur."),
    (
        "after the reference day",
        "Normal pour un jour de référence passé ; sinon vérifier la date des exports.",
    ),
    ("breaks off", "L'export est tronqué : le faire refaire par son fournisseur."),
    (
        "published key",
        "Les pseudonymes doivent être faits avec la clé secrète : ajouter `--key-file`.",
    ),
    ("is the whole archive there", "Vérifier que toute l'archive de l'Espace Coop est fournie."),
    (
        "are they copies without a mark",
        "Des activités comptent peut-être deux fois : demander à La Coop si ce sont des copies.",
    ),
];

/// What to do about a warning; none where nothing is known of it.
pub(super) fn of_warning(warning: &str) -> Option<&'static str> {
    let known = WARNINGS.iter().find(|(words, _)| warning.contains(words));
    known.map(|(_, advice)| *advice)
}

/// A stage, in French.
pub(super) fn stage(name: &str) -> &str {
    match name {
        "ingest" => "lecture",
        "clean" => "nettoyage",
        "aggregate" => "tableaux",
        "protect" => "secret statistique",
        "publish" => "publication",
        other => other,
    }
}

//! Legal categories become the labels of the national statistical institute, as exports print them.

/// Labels at the third level, by code, of the categories that invented employers have.
const LABELS: &[(&str, &str)] = &[
    ("1000", "Entrepreneur individuel"),
    ("4150", "Régie d'une collectivité locale à caractère industriel ou commercial"),
    ("5460", "Autre SARL coopérative"),
    ("5499", "Société à responsabilité limitée (sans autre indication)"),
    ("5599", "SA à conseil d'administration (s.a.i.)"),
    ("5710", "SAS, société par actions simplifiée"),
    ("6532", "Société civile d'intérêt collectif agricole (SICA)"),
    ("7210", "Commune et commune nouvelle"),
    ("7220", "Département"),
    ("7225", "Collectivité et territoire d'Outre Mer"),
    ("7229", "(Autre) Collectivité territoriale"),
    ("7230", "Région"),
    ("7331", "Établissement public local d'enseignement"),
    ("7343", "Communauté urbaine"),
    ("7344", "Métropole"),
    ("7345", "Syndicat intercommunal à vocation multiple (SIVOM)"),
    ("7346", "Communauté de communes"),
    ("7348", "Communauté d'agglomération"),
    ("7353", "Syndicat intercommunal à vocation unique (SIVU)"),
    ("7354", "Syndicat mixte fermé"),
    ("7355", "Syndicat mixte ouvert"),
    ("7357", "Pôle d'équilibre territorial et rural (PETR)"),
    ("7361", "Centre communal d'action sociale"),
    ("7362", "Caisse des écoles"),
    ("7364", "Établissement d'hospitalisation"),
    ("7366", "Établissement public local social et médico-social"),
    ("7367", "Centre Intercommunal d'action sociale (CIAS)"),
    ("7371", "Office public d'habitation à loyer modéré (OPHLM)"),
    ("7378", "Régie d'une collectivité locale à caractère administratif"),
    ("7381", "Organisme consulaire"),
    ("7383", "Établissement public national à caractère scientifique culturel et professionnel"),
    ("7385", "Autre établissement public national administratif à compétence territoriale limitée"),
    ("7389", "Établissement public national à caractère administratif"),
    ("7410", "Groupement d'intérêt public (GIP)"),
    ("8110", "Régime général de la Sécurité Sociale"),
    ("8140", "Mutualité sociale agricole"),
    ("8210", "Mutuelle"),
    ("8410", "Syndicat de salariés"),
    ("9150", "Association syndicale libre"),
    ("9210", "Association non déclarée"),
    ("9220", "Association déclarée"),
    ("9221", "Association déclarée d'insertion par l'économique"),
    ("9222", "Association intermédiaire"),
    ("9230", "Association déclarée, reconnue d'utilité publique"),
    ("9260", "Association de droit local (Bas-Rhin, Haut-Rhin et Moselle)"),
    ("9300", "Fondation"),
    ("9900", "Autre personne morale de droit privé"),
];

/// Gives the label of a legal category; empty when there is none.
pub(crate) fn label(code: &str) -> &'static str {
    let found = LABELS.iter().find(|(known, _)| *known == code);
    found.map_or("", |(_, label)| *label)
}

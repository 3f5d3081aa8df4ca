//! LaTeX commands that only set, size, colour or place what they hold, and those whose braces show nothing.

/// Commands whose braces hold words, or a name.
const TEXT: [&str; 22] = [
    "text",
    "textbf",
    "textit",
    "textrm",
    "textnormal",
    "texttt",
    "textsf",
    "textup",
    "textsl",
    "textsc",
    "textmd",
    "emph",
    "mathrm",
    "mathbf",
    "mathit",
    "mathsf",
    "mathtt",
    "mathnormal",
    "mbox",
    "hbox",
    "operatorname",
    "bf",
];

/// Commands that only place, size or format what follows.
const FORMATTING: [&str; 85] = [
    "vec",
    "overrightarrow",
    "hat",
    "tilde",
    "boldsymbol",
    "bm",
    "pmb",
    "boxed",
    "box",
    "fbox",
    "framebox",
    "mathcal",
    "mathscr",
    "mathfrak",
    "underline",
    "widehat",
    "ensuremath",
    "quad",
    "qquad",
    "displaystyle",
    "textstyle",
    "scriptstyle",
    "scriptscriptstyle",
    "displaylines",
    "limits",
    "nolimits",
    "big",
    "Big",
    "bigg",
    "Bigg",
    "bigl",
    "bigr",
    "Bigl",
    "Bigr",
    "biggl",
    "biggr",
    "Biggl",
    "Biggr",
    "bigm",
    "Bigm",
    "thinspace",
    "negthinspace",
    "medspace",
    "thickspace",
    "enspace",
    "enskip",
    "space",
    "it",
    "sl",
    "sc",
    "sf",
    "tt",
    "em",
    "mathop",
    "mathord",
    "mathbin",
    "mathstrut",
    "strut",
    "noindent",
    "smash",
    "hfill",
    "hfil",
    "operatorname*",
    "nonumber",
    "notag",
    "large",
    "Large",
    "LARGE",
    "huge",
    "Huge",
    "small",
    "tiny",
    "normalsize",
    "footnotesize",
    "scriptsize",
    "normalfont",
    "bfseries",
    "mdseries",
    "itshape",
    "upshape",
    "slshape",
    "sffamily",
    "ttfamily",
    "centering",
    "allowbreak",
];

/// Commands that set what follows upright, up to the end of the braces that they stand in.
const UPRIGHT: [&str; 2] = ["rm", "rmfamily"];

/// Whether the braces of a command hold words, or a name.
pub(crate) fn holds_text(command: &str) -> bool {
    TEXT.contains(&command)
}

/// Whether a command sets what its braces hold upright, as units are set.
pub(crate) fn is_upright(command: &str) -> bool {
    matches!(
        command,
        "text" | "textrm" | "textnormal" | "textup" | "textsf" | "mathrm" | "mathsf" | "mbox" | "hbox"
    )
}

/// Whether a command sets what follows it upright.
pub(crate) fn turns_upright(command: &str) -> bool {
    UPRIGHT.contains(&command)
}

/// Whether a command only places, sizes or formats what follows.
pub(crate) fn is_formatting(command: &str) -> bool {
    FORMATTING.contains(&command)
}

/// How many pairs of braces behind a command show nothing, or say only how to show what follows: spaces, phantoms,
/// labels, colours.
pub(crate) fn hidden_arguments(command: &str) -> Option<usize> {
    Some(match command {
        "hspace" | "vspace" | "phantom" | "hphantom" | "vphantom" | "tag" | "label" | "color"
        | "textcolor" | "colorbox" | "raisebox" | "scalebox" | "fontsize" => 1,
        "fcolorbox" | "resizebox" | "rule" => 2,
        _ => return None,
    })
}

/// Whether a length without braces follows a command, as in `\kern2pt`.
pub(crate) fn takes_length(command: &str) -> bool {
    matches!(command, "kern" | "mkern" | "hskip" | "mskip" | "vskip")
}

//! The names that mean something: LaTeX commands, plain words and single characters beyond ASCII.

use super::{
    expr::{Constant, Function, Relation},
    token::{Bracket, Joint, Kind},
};

/// Commands whose braces hold words, or a name set upright.
pub const TEXT_COMMANDS: [&str; 16] = [
    "text",
    "textbf",
    "textit",
    "textrm",
    "textnormal",
    "texttt",
    "textsf",
    "mathrm",
    "mathbf",
    "mathit",
    "mathsf",
    "mathtt",
    "mbox",
    "hbox",
    "operatorname",
    "bf",
];

/// Commands that only place, size or dress what follows.
pub fn is_dress(command: &str) -> bool {
    matches!(
        command,
        "vec"
            | "overrightarrow"
            | "hat"
            | "tilde"
            | "boldsymbol"
            | "bm"
            | "boxed"
            | "box"
            | "fbox"
            | "mathcal"
            | "underline"
            | "widehat"
            | "ensuremath"
            | "quad"
            | "qquad"
            | "displaystyle"
            | "textstyle"
            | "scriptstyle"
            | "limits"
            | "nolimits"
            | "big"
            | "Big"
            | "bigg"
            | "Bigg"
            | "bigl"
            | "bigr"
            | "Bigl"
            | "Bigr"
            | "biggl"
            | "biggr"
            | "hspace"
            | "thinspace"
            | "rm"
            | "mathop"
            | "mathstrut"
            | "noindent"
            | "smash"
            | "hfill"
            | "medspace"
            | "enspace"
            | "operatorname*"
            | "nonumber"
    )
}

/// What a LaTeX command means; `None` for unknown ones, which are symbols.
pub fn command(name: &str) -> Option<Kind> {
    if let Some(function) = function(name) {
        return Some(Kind::Function(function));
    }
    Some(match name {
        "pi" => Kind::Constant(Constant::Pi),
        "infty" => Kind::Constant(Constant::Infinity),
        "imath" | "mathi" => Kind::Constant(Constant::Imaginary),
        "frac" | "dfrac" | "tfrac" | "cfrac" => Kind::Fraction,
        "binom" | "dbinom" | "tbinom" => Kind::Binomial,
        "over" => Kind::Over,
        "choose" => Kind::Choose,
        "sqrt" => Kind::SquareRoot,
        "sum" => Kind::Series(false),
        "prod" => Kind::Series(true),
        "cdot" | "times" | "ast" | "cdotp" | "bullet" => Kind::Times,
        "div" => Kind::Divide,
        "pm" => Kind::PlusMinus(false),
        "mp" => Kind::PlusMinus(true),
        "circ" | "degree" | "degrees" => Kind::Degree,
        "prime" => Kind::Prime,
        "cup" | "bigcup" => Kind::Union,
        "cap" | "bigcap" => Kind::Intersection,
        "setminus" | "backslash" => Kind::SetMinus,
        "emptyset" | "varnothing" => Kind::EmptySet,
        "lor" | "vee" => Kind::Conjunction(Joint::Or),
        "land" | "wedge" => Kind::Conjunction(Joint::And),
        "colon" => Kind::Colon,
        "mid" | "vert" => Kind::Bar,
        "lvert" => Kind::Open(Bracket::Bar),
        "rvert" => Kind::Close(Bracket::Bar),
        "langle" => Kind::Open(Bracket::Angle),
        "rangle" => Kind::Close(Bracket::Angle),
        "lfloor" => Kind::Open(Bracket::Floor),
        "rfloor" => Kind::Close(Bracket::Floor),
        "lceil" => Kind::Open(Bracket::Ceil),
        "rceil" => Kind::Close(Bracket::Ceil),
        "lbrace" => Kind::Open(Bracket::Curly),
        "rbrace" => Kind::Close(Bracket::Curly),
        "lbrack" => Kind::Open(Bracket::Square),
        "rbrack" => Kind::Close(Bracket::Square),
        "lparen" => Kind::Open(Bracket::Round),
        "rparen" => Kind::Close(Bracket::Round),
        "overline" | "bar" => Kind::Overline,
        "bmod" | "mod" | "pmod" => Kind::Function(Function::Mod),
        _ => Kind::Relation(relation(name)?),
    })
}

fn relation(name: &str) -> Option<Relation> {
    Some(match name {
        "le" | "leq" | "leqslant" | "leqq" => Relation::LessEqual,
        "ge" | "geq" | "geqslant" | "geqq" => Relation::GreaterEqual,
        "lt" => Relation::Less,
        "gt" => Relation::Greater,
        "ne" | "neq" => Relation::NotEqual,
        "approx" | "simeq" | "sim" | "thickapprox" => Relation::Approximate,
        "equiv" | "coloneqq" => Relation::Equal,
        "in" => Relation::In,
        _ => return None,
    })
}

/// The functions, by the names they have in LaTeX and in plain text.
pub fn function(name: &str) -> Option<Function> {
    Some(match name {
        "sin" => Function::Sin,
        "cos" => Function::Cos,
        "tan" | "tg" => Function::Tan,
        "cot" | "ctg" => Function::Cot,
        "sec" => Function::Sec,
        "csc" | "cosec" => Function::Csc,
        "arcsin" | "asin" => Function::Arcsin,
        "arccos" | "acos" => Function::Arccos,
        "arctan" | "atan" | "arctg" => Function::Arctan,
        "arccot" | "acot" => Function::Arccot,
        "arcsec" | "asec" => Function::Arcsec,
        "arccsc" | "acsc" => Function::Arccsc,
        "sinh" => Function::Sinh,
        "cosh" => Function::Cosh,
        "tanh" => Function::Tanh,
        "arsinh" | "asinh" | "arcsinh" => Function::Arsinh,
        "arcosh" | "acosh" | "arccosh" => Function::Arcosh,
        "artanh" | "atanh" | "arctanh" => Function::Artanh,
        "ln" => Function::Ln,
        "log" | "lg" => Function::Log,
        "exp" => Function::Exp,
        "abs" => Function::Abs,
        "floor" => Function::Floor,
        "ceil" => Function::Ceil,
        "gcd" => Function::Gcd,
        "lcm" => Function::Lcm,
        "max" => Function::Max,
        "min" => Function::Min,
        "Re" => Function::Real,
        "Im" => Function::ImaginaryPart,
        "det" => Function::Determinant,
        "cbrt" => Function::Root,
        "comb" | "binomial" | "nCr" => Function::Binomial,
        _ => return None,
    })
}

/// What a run of plain letters means as a whole.
pub fn word(name: &str) -> Option<Kind> {
    if let Some(function) = function(name) {
        return Some(Kind::Function(function));
    }
    Some(match name {
        "sqrt" => Kind::SquareRoot,
        "pi" | "Pi" => Kind::Constant(Constant::Pi),
        "inf" | "infty" | "infinity" | "oo" | "Infinity" => Kind::Constant(Constant::Infinity),
        "and" => Kind::Conjunction(Joint::And),
        "or" => Kind::Conjunction(Joint::Or),
        "mod" => Kind::Function(Function::Mod),
        "percent" | "percentage" | "pct" => Kind::Percent,
        "degree" | "degrees" | "deg" => Kind::Degree,
        "times" => Kind::Times,
        "cdot" => Kind::Times,
        "union" | "cup" => Kind::Union,
        "frac" | "dfrac" => Kind::Fraction,
        "leq" => Kind::Relation(Relation::LessEqual),
        "geq" => Kind::Relation(Relation::GreaterEqual),
        "alpha" | "beta" | "gamma" | "delta" | "theta" | "lambda" | "omega" | "phi" | "sigma" | "rho"
        | "tau" => Kind::Symbol(format!("\\{name}")),
        _ => return None,
    })
}

/// What a character means by itself.
pub fn character(character: char) -> Option<Kind> {
    Some(match character {
        '(' => Kind::Open(Bracket::Round),
        ')' => Kind::Close(Bracket::Round),
        '[' => Kind::Open(Bracket::Square),
        ']' => Kind::Close(Bracket::Square),
        '{' => Kind::Open(Bracket::Group),
        '}' => Kind::Close(Bracket::Group),
        '⟨' => Kind::Open(Bracket::Angle),
        '⟩' => Kind::Close(Bracket::Angle),
        '⌊' => Kind::Open(Bracket::Floor),
        '⌋' => Kind::Close(Bracket::Floor),
        '⌈' => Kind::Open(Bracket::Ceil),
        '⌉' => Kind::Close(Bracket::Ceil),
        '|' | '∣' => Kind::Bar,
        '+' => Kind::Plus,
        '-' | '−' | '–' | '﹣' | '－' => Kind::Minus,
        '±' => Kind::PlusMinus(false),
        '∓' => Kind::PlusMinus(true),
        '*' | '×' | '·' | '⋅' | '∙' => Kind::Times,
        '/' | '÷' | '∕' | '⁄' => Kind::Divide,
        '^' => Kind::Power,
        '_' => Kind::Subscript,
        '!' => Kind::Exclamation,
        '%' => Kind::Percent,
        '°' => Kind::Degree,
        '\'' | '′' | '’' => Kind::Prime,
        ',' | '，' | '、' => Kind::Comma,
        ';' | '；' => Kind::Semicolon,
        ':' | '：' => Kind::Colon,
        '&' => Kind::Cell,
        '∪' => Kind::Union,
        '∩' => Kind::Intersection,
        '∖' => Kind::SetMinus,
        '∅' | '⌀' => Kind::EmptySet,
        '√' => Kind::SquareRoot,
        'π' => Kind::Constant(Constant::Pi),
        '∞' => Kind::Constant(Constant::Infinity),
        '∧' => Kind::Conjunction(Joint::And),
        '∨' => Kind::Conjunction(Joint::Or),
        '=' => Kind::Relation(Relation::Equal),
        '<' | '＜' => Kind::Relation(Relation::Less),
        '>' | '＞' => Kind::Relation(Relation::Greater),
        '≤' | '⩽' => Kind::Relation(Relation::LessEqual),
        '≥' | '⩾' => Kind::Relation(Relation::GreaterEqual),
        '≠' => Kind::Relation(Relation::NotEqual),
        '≈' => Kind::Relation(Relation::Approximate),
        '∈' => Kind::Relation(Relation::In),
        'ℝ' => Kind::Numbers('R'),
        'ℤ' => Kind::Numbers('Z'),
        'ℚ' => Kind::Numbers('Q'),
        'ℕ' => Kind::Numbers('N'),
        'ℂ' => Kind::Numbers('C'),
        _ => return None,
    })
}

/// The digit that a superscript stands for.
pub fn superscript(character: char) -> Option<char> {
    Some(match character {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴' => '4',
        '⁵' => '5',
        '⁶' => '6',
        '⁷' => '7',
        '⁸' => '8',
        '⁹' => '9',
        _ => return None,
    })
}

/// Signs of currencies: dress, like units.
pub fn is_currency(character: char) -> bool {
    matches!(character, '$' | '€' | '£' | '¥' | '₹' | '₽' | '₩' | '₪' | '₫' | '฿' | '￥')
}

//! The names that mean something: LaTeX commands, plain words and single characters beyond ASCII.

use super::{
    expr::{Constant, Function, Relation},
    token::{Bracket, Conjunction, TokenKind},
    unit::Unit,
};

/// Times of day with their full stops, which would otherwise be letters by themselves.
const CLOCKS: [(&str, &str); 4] = [("a.m.", "am"), ("p.m.", "pm"), ("a.m", "am"), ("p.m", "pm")];

/// What a LaTeX command means; `None` for unknown ones, which are symbols.
pub(crate) fn command(name: &str) -> Option<TokenKind> {
    if let Some(function) = function(name) {
        return Some(TokenKind::Function(function));
    }
    Some(match name {
        "pi" => TokenKind::Constant(Constant::Pi),
        "infty" => TokenKind::Constant(Constant::Infinity),
        "imath" | "mathi" => TokenKind::Constant(Constant::Imaginary),
        "frac" | "dfrac" | "tfrac" | "cfrac" => TokenKind::Fraction,
        "binom" | "dbinom" | "tbinom" => TokenKind::Binomial,
        "over" => TokenKind::Over,
        "choose" => TokenKind::Choose,
        "sqrt" => TokenKind::SquareRoot,
        "sum" => TokenKind::Series(false),
        "prod" => TokenKind::Series(true),
        "cdot" | "times" | "ast" | "cdotp" | "bullet" => TokenKind::Times,
        "div" => TokenKind::Divide,
        "pm" => TokenKind::PlusMinus(false),
        "mp" => TokenKind::PlusMinus(true),
        "circ" | "degree" | "degrees" => TokenKind::Degree,
        "prime" => TokenKind::Prime,
        "cup" | "bigcup" => TokenKind::Union,
        "cap" | "bigcap" => TokenKind::Intersection,
        "setminus" | "backslash" => TokenKind::SetMinus,
        "emptyset" | "varnothing" => TokenKind::EmptySet,
        "lor" | "vee" => TokenKind::Conjunction(Conjunction::Or),
        "land" | "wedge" => TokenKind::Conjunction(Conjunction::And),
        "colon" => TokenKind::Colon,
        "mid" | "vert" => TokenKind::Bar,
        "lvert" => TokenKind::Open(Bracket::Bar),
        "rvert" => TokenKind::Close(Bracket::Bar),
        "langle" => TokenKind::Open(Bracket::Angle),
        "rangle" => TokenKind::Close(Bracket::Angle),
        "lfloor" => TokenKind::Open(Bracket::Floor),
        "rfloor" => TokenKind::Close(Bracket::Floor),
        "lceil" => TokenKind::Open(Bracket::Ceil),
        "rceil" => TokenKind::Close(Bracket::Ceil),
        "lbrace" => TokenKind::Open(Bracket::Curly),
        "rbrace" => TokenKind::Close(Bracket::Curly),
        "lbrack" => TokenKind::Open(Bracket::Square),
        "rbrack" => TokenKind::Close(Bracket::Square),
        "lparen" => TokenKind::Open(Bracket::Round),
        "rparen" => TokenKind::Close(Bracket::Round),
        "overline" | "bar" => TokenKind::Overline,
        "bmod" | "mod" | "pmod" => TokenKind::Function(Function::Mod),
        "pounds" | "textsterling" => TokenKind::Currency(Unit::named("£")),
        "euro" | "texteuro" | "EUR" => TokenKind::Currency(Unit::named("€")),
        "yen" | "textyen" => TokenKind::Currency(Unit::named("¥")),
        "cent" | "textcent" => TokenKind::Currency(Unit::named("cent")),
        "textdollar" => TokenKind::Currency(Unit::named("$")),
        "textdegree" => TokenKind::Degree,
        "textohm" => TokenKind::Symbol("\\Omega".to_owned()),
        _ => TokenKind::Relation(relation(name)?),
    })
}

/// The letter that a command is another form of: nobody means two unknowns by `\phi` and `\varphi`.
pub(crate) fn usual_form(name: &str) -> &str {
    match name {
        "varphi" => "phi",
        "varepsilon" => "epsilon",
        "vartheta" => "theta",
        "varrho" => "rho",
        "varsigma" => "sigma",
        "varkappa" => "kappa",
        "varGamma" => "Gamma",
        "varDelta" => "Delta",
        other => other,
    }
}

fn relation(name: &str) -> Option<Relation> {
    Some(match name {
        "le" | "leq" | "leqslant" | "leqq" => Relation::LessEqual,
        "ge" | "geq" | "geqslant" | "geqq" => Relation::GreaterEqual,
        "lt" => Relation::Less,
        "gt" => Relation::Greater,
        "ne" | "neq" => Relation::NotEqual,
        "approx" | "simeq" | "sim" | "thickapprox" => Relation::Approximate,
        "equiv" | "coloneqq" | "coloneq" | "triangleq" => Relation::Equal,
        "in" => Relation::In,
        _ => return None,
    })
}

/// The functions, by the names they have in LaTeX and in plain text.
pub(crate) fn function(name: &str) -> Option<Function> {
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
        "cis" => Function::Cis,
        "cbrt" => Function::Root,
        "comb" | "binomial" | "nCr" => Function::Binomial,
        _ => return None,
    })
}

/// What a run of plain letters means as a whole.
pub(crate) fn word(name: &str) -> Option<TokenKind> {
    if let Some(function) = function(name) {
        return Some(TokenKind::Function(function));
    }
    Some(match name {
        "sqrt" => TokenKind::SquareRoot,
        "pi" | "Pi" => TokenKind::Constant(Constant::Pi),
        "inf" | "infty" | "infinity" | "oo" | "Infinity" => TokenKind::Constant(Constant::Infinity),
        "and" => TokenKind::Conjunction(Conjunction::And),
        "or" => TokenKind::Conjunction(Conjunction::Or),
        "mod" => TokenKind::Function(Function::Mod),
        "percent" | "percentage" | "pct" => TokenKind::Percent,
        "degree" | "degrees" | "deg" => TokenKind::Degree,
        "times" => TokenKind::Times,
        "cdot" => TokenKind::Times,
        "union" | "cup" => TokenKind::Union,
        "frac" | "dfrac" => TokenKind::Fraction,
        "leq" => TokenKind::Relation(Relation::LessEqual),
        "geq" => TokenKind::Relation(Relation::GreaterEqual),
        "alpha" | "beta" | "gamma" | "delta" | "epsilon" | "theta" | "lambda" | "omega" | "phi" | "sigma"
        | "rho" | "tau" => TokenKind::Symbol(format!("\\{name}")),
        _ => return None,
    })
}

/// What a letter means by itself: e and i are the constants.
pub(crate) fn letter(letter: char) -> TokenKind {
    match letter {
        'e' => TokenKind::Constant(Constant::Euler),
        'i' => TokenKind::Constant(Constant::Imaginary),
        other => TokenKind::Symbol(other.to_string()),
    }
}

/// What a character means by itself.
pub(crate) fn character(character: char) -> Option<TokenKind> {
    Some(match character {
        '(' => TokenKind::Open(Bracket::Round),
        ')' => TokenKind::Close(Bracket::Round),
        '[' => TokenKind::Open(Bracket::Square),
        ']' => TokenKind::Close(Bracket::Square),
        '{' => TokenKind::Open(Bracket::Group),
        '}' => TokenKind::Close(Bracket::Group),
        '⟨' => TokenKind::Open(Bracket::Angle),
        '⟩' => TokenKind::Close(Bracket::Angle),
        '⌊' => TokenKind::Open(Bracket::Floor),
        '⌋' => TokenKind::Close(Bracket::Floor),
        '⌈' => TokenKind::Open(Bracket::Ceil),
        '⌉' => TokenKind::Close(Bracket::Ceil),
        '|' | '∣' => TokenKind::Bar,
        '+' => TokenKind::Plus,
        '-' | '−' | '–' | '﹣' | '－' => TokenKind::Minus,
        '±' => TokenKind::PlusMinus(false),
        '∓' => TokenKind::PlusMinus(true),
        '*' | '×' | '·' | '⋅' | '∙' => TokenKind::Times,
        '/' | '÷' | '∕' | '⁄' => TokenKind::Divide,
        '^' => TokenKind::Power,
        '_' => TokenKind::Subscript,
        '!' => TokenKind::Exclamation,
        '%' => TokenKind::Percent,
        '°' => TokenKind::Degree,
        '\'' | '′' | '’' => TokenKind::Prime,
        ',' | '，' | '、' => TokenKind::Comma,
        ';' | '；' => TokenKind::Semicolon,
        ':' | '：' => TokenKind::Colon,
        '&' => TokenKind::Cell,
        '∪' => TokenKind::Union,
        '∩' => TokenKind::Intersection,
        '∖' => TokenKind::SetMinus,
        '∅' | '⌀' => TokenKind::EmptySet,
        '√' => TokenKind::SquareRoot,
        '∞' => TokenKind::Constant(Constant::Infinity),
        '∧' => TokenKind::Conjunction(Conjunction::And),
        '∨' => TokenKind::Conjunction(Conjunction::Or),
        '=' | '≡' | '≔' => TokenKind::Relation(Relation::Equal),
        '<' | '＜' => TokenKind::Relation(Relation::Less),
        '>' | '＞' => TokenKind::Relation(Relation::Greater),
        '≤' | '⩽' => TokenKind::Relation(Relation::LessEqual),
        '≥' | '⩾' => TokenKind::Relation(Relation::GreaterEqual),
        '≠' => TokenKind::Relation(Relation::NotEqual),
        '≈' | '≃' => TokenKind::Relation(Relation::Approximate),
        '∈' => TokenKind::Relation(Relation::In),
        'ℝ' => TokenKind::Numbers('R'),
        'ℤ' => TokenKind::Numbers('Z'),
        'ℚ' => TokenKind::Numbers('Q'),
        'ℕ' => TokenKind::Numbers('N'),
        'ℂ' => TokenKind::Numbers('C'),
        _ => return None,
    })
}

/// The name of the currency that a character is the sign of.
pub(crate) fn currency(character: char) -> Option<&'static str> {
    Some(match character {
        '$' => "$",
        '€' => "€",
        '£' => "£",
        '¥' | '￥' => "¥",
        '¢' => "cent",
        '₹' => "rupee",
        '₽' => "ruble",
        '₩' => "won",
        '₪' => "shekel",
        '₫' => "dong",
        '฿' => "baht",
        _ => return None,
    })
}

/// The time of day that a text begins with, written with full stops, and its length.
pub(crate) fn clock(text: &str) -> Option<(&'static str, usize)> {
    let begins = |stops: &str| text.get(..stops.len()).is_some_and(|start| start.eq_ignore_ascii_case(stops));
    let (stops, word) = CLOCKS.iter().find(|(stops, _)| begins(stops))?;
    let ends = !text[stops.len()..].starts_with(char::is_alphabetic);
    ends.then_some((*word, stops.len()))
}

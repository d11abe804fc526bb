namespace FastMlx.Api;

internal enum PdfKind
{
    Null,
    Number,
    Name,
    Text,
    Keyword,
    Array,
    Dictionary,
    Reference,
}

using System.Buffers;

namespace FastMlx.Chat.Tokenization;

/// <summary>Tells an added token that steers the model from one that is a piece of ordinary text.</summary>
internal static class ControlMarkup
{
    private static readonly SearchValues<char> Marks = SearchValues.Create("<>[]{}|｜«»＜＞");

    // Elements that vocabularies hold as tokens and that documents are written in.
    private static readonly HashSet<string> HtmlElements =
    [
        "a", "b", "blockquote", "br", "caption", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
        "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td",
        "tfoot", "th", "thead", "tr", "u", "ul",
    ];

    public static bool Matches(string content) => content.AsSpan().ContainsAny(Marks) && !IsHtml(content);

    private static bool IsHtml(string content)
    {
        if (content.Length < 3 || content[0] != '<' || content[^1] != '>')
            return false;
        int first = content[1] == '/' ? 2 : 1;
        return HtmlElements.Contains(content[first..^1]);
    }
}

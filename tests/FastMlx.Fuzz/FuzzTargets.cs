using FastMlx.Tests.Chat.Tokenization;
using FastMlx.Tests.Http;

namespace FastMlx.Fuzz;

/// <summary>One target a parser; the corpus of NAME is in corpus/NAME.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyDictionary<string, FuzzTarget> All { get; } = new Dictionary<string, FuzzTarget>
    {
        ["http"] = ParserFuzz.Check,
        ["tokenizer-file"] = TokenizerFuzz.File,
        ["tokenizer-text"] = TokenizerFuzz.Text,
        ["tokenizer-pattern"] = TokenizerFuzz.Pattern,
        // Must fail: shows that a run can find anything at all.
        ["canary"] = input =>
        {
            if (input.IndexOf(";;"u8) >= 0) throw new InvalidOperationException("The canary was found.");
        },
    };
}

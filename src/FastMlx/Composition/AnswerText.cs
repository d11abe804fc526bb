using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Composition;

/// <summary>
/// The tokenizer's decoder for one answer. Special tokens are not text, but for those in which the model's own syntax
/// of reasoning and calls is written.
/// </summary>
internal sealed class AnswerText(HfTokenizer tokenizer, IReadOnlySet<int> skipped) : ITokenTextDecoder
{
    private readonly TokenDecoder _decoder = new(tokenizer, skipSpecial: false);

    public ReadOnlySpan<byte> Decode(int id) => skipped.Contains(id) ? [] : _decoder.Push(id);

    public ReadOnlySpan<byte> Flush() => _decoder.Flush();

    /// <summary>The ids that an answer in this format must not show.</summary>
    public static IReadOnlySet<int> Skipped(HfTokenizer tokenizer, OutputFormat format) =>
        tokenizer.AddedTokens.Where(t => t.Special && !format.NeedsToken(t.Content)).Select(t => t.Id).ToHashSet();
}

using FastMlx.Chat.Templates;
using FastMlx.Chat.Tokenization;
using TokenizerSpan = FastMlx.Chat.Tokenization.TextSpan;

namespace FastMlx.Chat;

/// <summary>A model's own tokenizer as the prompt's encoder.</summary>
internal sealed class HfTextEncoder(HfTokenizer tokenizer) : ITextEncoder
{
    public void Encode(ReadOnlySpan<char> text, IReadOnlyList<Templates.TextSpan> marked, List<int> ids)
    {
        var spans = new TokenizerSpan[marked.Count];
        int count = 0;
        for (int i = 0; i < marked.Count; i++)
        {
            // Neighbours of different origin are one stretch of user text.
            if (count > 0 && spans[count - 1].End == marked[i].Start)
                spans[count - 1] = spans[count - 1] with { Length = spans[count - 1].Length + marked[i].Length };
            else
                spans[count++] = new TokenizerSpan(marked[i].Start, marked[i].Length);
        }

        tokenizer.EncodeMarked(text, spans.AsSpan(0, count), ids);
    }
}

using FastMlx.Api;
using FastMlx.Chat.Tokenization;
using FastMlx.Engine;
using EngineLogprob = FastMlx.Engine.TokenLogprob;
using TokenLogprob = FastMlx.Api.TokenLogprob;

namespace FastMlx.Composition;

/// <summary>The engine's log-probabilities with the tokens' texts. One answer, one task.</summary>
internal sealed class LogprobTexts(HfTokenizer tokenizer)
{
    private readonly TokenBytes _bytes = new(tokenizer);

    /// <summary>Null where nobody asked for log-probabilities.</summary>
    public static LogprobTexts? For(AnswerJob job) =>
        job.Generation.Request is { Logprobs: < 0, PromptLogprobs: < 0 }
            ? null
            : new LogprobTexts(job.Model.Text.Tokenizer.Tokenizer);

    /// <summary>A sampled token: itself, then its alternatives.</summary>
    public TokenLogprob Of(ReadOnlySpan<EngineLogprob> told) => Of(told[0], told[1..]);

    /// <summary>The prompt's tokens; the first one's number means nothing.</summary>
    /// <param name="tokens">The prompt.</param>
    /// <param name="scores">Of its tokens from the second one on.</param>
    /// <param name="text">
    /// The text that it was made of: a special token that is not written there was put in by the tokenizer. Null where
    /// the prompt came as tokens.
    /// </param>
    public List<TokenLogprob> OfPrompt(int[] tokens, PromptScores scores, string? text)
    {
        List<TokenLogprob> list = new(tokens.Length);
        int at = 0; // in the text
        for (int i = 0; i < tokens.Length; i++)
        {
            TokenLogprob token = i == 0
                ? Of(new EngineLogprob(tokens[0], 0), [])
                : Of(new EngineLogprob(tokens[i], scores[i]), scores.TopAt(i));
            list.Add(token with { IsHidden = tokenizer.IsSpecial(tokens[i]) && !IsWritten(tokens[i], text, ref at) });
        }

        return list;
    }

    /// <summary>A special token that ended the answer; it is no part of its text.</summary>
    public TokenLogprob OfStop(ReadOnlySpan<EngineLogprob> told) => Of(told) with { IsHidden = true };

    private bool IsWritten(int special, string? text, ref int at)
    {
        if (text is null)
            return true;
        string name = tokenizer.IdToToken(special) ?? "";
        int found = text.IndexOf(name, at, StringComparison.Ordinal);
        at = found < 0 ? at : found + name.Length;
        return found >= 0;
    }

    private TokenLogprob Of(EngineLogprob token, ReadOnlySpan<EngineLogprob> top)
    {
        var others = new TokenLogprob[top.Length];
        for (int i = 0; i < others.Length; i++)
            others[i] = new TokenLogprob(_bytes.Of(top[i].Token), top[i].Logprob, []);
        return new TokenLogprob(_bytes.Of(token.Token), token.Logprob, others)
        {
            IsHidden = tokenizer.IsSpecial(token.Token),
        };
    }
}

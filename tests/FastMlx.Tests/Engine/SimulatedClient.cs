using FastMlx.Engine;
using FastMlx.Engine.Scheduling;

namespace FastMlx.Tests.Engine;

/// <summary>A client of the simulation: reads at its own pace, may cancel, remembers everything.</summary>
internal sealed class SimulatedClient(GenerationRequest request, int capacity) : ISequenceOutput
{
    private int _unread;

    public GenerationRequest Request { get; } = request;

    public List<int> Tokens { get; } = [];

    public List<TokenLogprob[]> Logprobs { get; } = [];

    public PromptScores? Scores { get; private set; }

    public FinishReason Reason { get; private set; }

    public string? Failure { get; private set; }

    public int Ends { get; private set; }

    public GenerationStats Stats { get; private set; }

    public bool CancelRequested { get; set; }

    public int Room => capacity - _unread;

    public void Stall()
    {
    }

    public void Read(int count) => _unread = Math.Max(0, _unread - count);

    public void Write(int token)
    {
        if (Room <= 0 || Ends > 0)
        {
            throw new InvalidOperationException("A token without room for it, or after the end.");
        }

        _unread++;
        Tokens.Add(token);
    }

    public void Write(int token, ReadOnlySpan<TokenLogprob> logprobs)
    {
        Write(token);
        Logprobs.Add(logprobs.ToArray());
    }

    public void Scored(PromptScores scores)
    {
        if (!scores.IsComplete || Tokens.Count > 0 && Scores is null)
        {
            throw new InvalidOperationException("Scores that come too early or too late.");
        }

        Scores = scores;
    }

    public void Report(in GenerationStats stats) => Stats = stats;

    public void End(FinishReason reason, string? failure)
    {
        Ends++;
        Reason = reason;
        Failure = failure;
    }
}

using System.Text;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>
/// The generations that make one answer: usually one; one more each time the server ends reasoning that is over its
/// budget. Used by the pump's task; <see cref="Cancel"/> from any thread.
/// </summary>
internal sealed class AnswerSegments(AnswerJob job, AnswerMemory memory)
{
    private volatile Generation _current = job.Generation;
    private volatile bool _isCancelled;
    private GenerationStats? _before;
    private bool _isOutOfTokens;

    public Generation Current => _current;

    /// <summary>Why the answer could not go on behind its reasoning, or null.</summary>
    public ApiError? Refusal { get; private set; }

    public FinishReason FinishReason =>
        Refusal is not null ? FinishReason.Failed
        : _isOutOfTokens ? FinishReason.MaxTokens
        : _current.FinishReason;

    /// <summary>Of all segments; the prompt's counts are the first one's.</summary>
    public GenerationStats Stats => _before is { } before ? Join(before, _current.Stats) : _current.Stats;

    public void Cancel()
    {
        _isCancelled = true;
        _current.Cancel();
    }

    /// <summary>
    /// Closes the reasoning as the model would and goes on behind it. What the engine has sampled beyond the tokens in
    /// the memory is dropped. False: the answer ends here, see <see cref="FinishReason"/>.
    /// </summary>
    public async ValueTask<bool> EndReasoningAsync(int[] buffer, IChatEventSink sink)
    {
        await DropRestAsync(buffer);
        string close = $"\n{job.Model.Text.Format.ThoughtClose}\n\n";
        List<int> tokens = job.Model.Text.EncodeMarkup(close);
        GenerationRequest first = job.Generation.Request;
        int left = first.MaxTokens - memory.SampledCount - tokens.Count;
        if (left <= 0)
        {
            _isOutOfTokens = true;
            return false;
        }

        memory.AddTokens([.. tokens]);
        job.Decoder.Inject(Encoding.UTF8.GetBytes(close), sink);
        return Continue(first with
        {
            PromptLogprobs = -1,
            Prompt = [.. first.Prompt, .. memory.Sampled],
            MaxTokens = left,
            AnswerTokens = memory.SampledCount,
            Constraint = (first.Constraint as GrammarConstraint)?.BehindThought(),
        });
    }

    // The engine lets go of a timeline when its generation has ended; then the next one can go on with it.
    private async ValueTask DropRestAsync(int[] buffer)
    {
        Generation old = _current;
        old.Cancel();
        while (await old.WaitAsync(CancellationToken.None))
        {
            while (old.Read(buffer) > 0)
            {
                // Sampled behind the end of the reasoning.
            }
        }
    }

    private bool Continue(GenerationRequest request)
    {
        int most = job.Model.Generator.ContextLength - 1;
        SubmitResult result = job.Model.Generator.Submit(request, out Generation? next);
        Refusal = Admission.Error(result, request.Prompt.Length, most);
        if (next is null)
            return false;
        _before = Stats;
        _current = next;
        // A cancel may have met the old one between the two lines above.
        if (_isCancelled)
            next.Cancel();
        return true;
    }

    private static GenerationStats Join(in GenerationStats a, in GenerationStats b) => a with
    {
        PrefilledTokens = a.PrefilledTokens + b.PrefilledTokens,
        SampledTokens = a.SampledTokens + b.SampledTokens,
        QueueMs = a.QueueMs + b.QueueMs,
        PrefillMs = a.PrefillMs + b.PrefillMs,
        DecodeMs = a.DecodeMs + b.DecodeMs,
    };
}

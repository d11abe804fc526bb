using System.Runtime.InteropServices;
using FastMlx.Chat.Tokenization;
using FastMlx.Engine;

namespace FastMlx.EndToEnd.Scripted;

/// <summary>
/// A model whose answers are a function of the prompt's text: tokens to protocol can then be tested with clients that
/// need a capable model. It is a function of the timeline alone, so that batching, chunking and caching must not show.
/// </summary>
/// <param name="tokenizer">The demo model's.</param>
/// <param name="script">From the prompt's text to the answer's.</param>
/// <param name="pace">Holds steps back; null: as fast as can be.</param>
internal sealed class ScriptedModel(TokenizerFolder tokenizer, Func<string, string> script, Pace? pace = null) : IModel
{
    private const int ContextTokens = 262_144;

    private readonly int[] _generationPrompt = Encode(tokenizer.Tokenizer, "<|im_start|>assistant\n");
    private readonly int _end = tokenizer.SpecialTokenId("eos_token")!.Value;
    private readonly Dictionary<int, List<int>> _slots = [];
    private readonly Queue<int[]> _steps = [];
    private readonly Dictionary<string, int[]> _answers = [];
    private int _nextSlot;

    public ModelInfo Info { get; } = new()
    {
        VocabSize = tokenizer.Tokenizer.MaxId + 1,
        ContextMax = ContextTokens,
        CanTrim = true,
        WeightBytes = 0,
        StateBytesPerToken = sizeof(int),
        Backend = "scripted",
        ModelType = "scripted",
    };

    public int OpenSlot()
    {
        _slots.Add(_nextSlot, []);
        return _nextSlot++;
    }

    public int ForkSlot(int slot, int length)
    {
        _slots.Add(_nextSlot, _slots[slot][..length]);
        return _nextSlot++;
    }

    public bool TryTrimSlot(int slot, int length)
    {
        CollectionsMarshal.SetCount(_slots[slot], length);
        return true;
    }

    public ulong SlotBytes(int slot) => (ulong)_slots[slot].Count * sizeof(int);

    public void CloseSlot(int slot) => _slots.Remove(slot);

    public long SavedSize(int slot) => _slots[slot].Count * sizeof(int);

    public void SaveSlot(int slot, Span<byte> destination) =>
        MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_slots[slot])).CopyTo(destination);

    public int LoadSlot(ReadOnlySpan<byte> saved)
    {
        _slots.Add(_nextSlot, [.. MemoryMarshal.Cast<byte, int>(saved)]);
        return _nextSlot++;
    }

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens)
    {
        int[] next = new int[rows.Length];
        int at = 0;
        for (int r = 0; r < rows.Length; r++)
        {
            List<int> timeline = _slots[rows[r].Slot];
            if (timeline.Count != rows[r].First)
                throw new ModelException(ModelFailure.Invalid, "A row does not continue its slot.");
            foreach (int token in tokens.Slice(at, rows[r].Count))
                timeline.Add(token == StepRow.LastToken ? Next(timeline) : token);
            at += rows[r].Count;
            next[r] = rows[r].Sample == 0 ? -1 : Next(timeline);
        }

        _steps.Enqueue(next);
    }

    public void EndStep(Span<int> next)
    {
        pace?.BeforeStepEnds();
        _steps.Dequeue().CopyTo(next);
    }

    public void Dispose()
    {
    }

    /// <summary>The scripted answer's token at the place that the timeline has reached.</summary>
    private int Next(List<int> timeline)
    {
        ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(timeline);
        int start = tokens.LastIndexOf(_generationPrompt);
        int done = start < 0 ? tokens.Length : start + _generationPrompt.Length;
        int[] answer = Answer(tokenizer.Tokenizer.Decode(tokens[..done], skipSpecial: false));
        int index = tokens.Length - done;
        return index < answer.Length ? answer[index] : _end;
    }

    private int[] Answer(string prompt)
    {
        if (!_answers.TryGetValue(prompt, out int[]? answer))
            _answers.Add(prompt, answer = Encode(tokenizer.Tokenizer, script(prompt)));
        return answer;
    }

    private static int[] Encode(HfTokenizer tokenizer, string text)
    {
        List<int> ids = [];
        tokenizer.Encode(text, parseSpecial: true, ids);
        return [.. ids];
    }
}

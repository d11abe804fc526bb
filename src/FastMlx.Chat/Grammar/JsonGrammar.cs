using System.Numerics;
using System.Text.Json;

namespace FastMlx.Chat.Grammar;

/// <summary>
/// The answers that fit a JSON Schema, over one vocabulary: which tokens may come next. States and masks that were met
/// are kept, up to a limit. One thread at a time: the engine's.
/// </summary>
public sealed class JsonGrammar
{
    private const int StatesMax = 4096, StackDepthMax = 400;
    private const long MaskBytesMax = 64L << 20;

    private readonly Network _net = new();
    private readonly Dictionary<UInt128, GrammarState> _states = [];
    private readonly Dictionary<(int, int), GrammarStack> _stacks = [];
    private readonly List<(int State, GrammarStack? Stack)> _work = [];
    private readonly List<(int State, GrammarStack? Stack)> _places = [];
    private readonly HashSet<(int, GrammarStack?)> _seen = [];
    private readonly GrammarState[] _path;
    private readonly GrammarState _dead = new([], textLeft: -1, mayEnd: false);
    private long _maskBytes;
    private int _nextId;

    /// <param name="schema">A JSON Schema; an empty object for any JSON object.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    /// <exception cref="GrammarException">It is none, or nothing can be made of it.</exception>
    public JsonGrammar(string schema, GrammarVocabulary vocabulary)
    {
        Vocabulary = vocabulary;
        var compiler = new SchemaCompiler(_net, Parse(schema));
        int start = compiler.Compile();
        Ignored = [.. compiler.Ignored];
        _path = new GrammarState[vocabulary.All.LongestBytes + 1];
        _work.Add((start, null));
        Start = Settle()!;
        if (!Enumerable.Range(' ' + 1, 255 - ' ').Any(value => Next(Start, (byte)value) is not null))
            throw new GrammarException("no answer fits the schema");
    }

    /// <summary>Keywords of the schema that are not enforced.</summary>
    public IReadOnlyList<string> Ignored { get; }

    internal GrammarVocabulary Vocabulary { get; }

    internal GrammarState Start { get; }

    /// <summary>Null where the byte cannot follow.</summary>
    internal GrammarState? Next(GrammarState state, byte value)
    {
        GrammarState?[] next = state.Next ??= new GrammarState?[256];
        if (next[value] is { } known)
            return ReferenceEquals(known, _dead) ? null : known;
        _work.Clear();
        foreach ((int place, GrammarStack? stack) in state.Places)
        {
            foreach (Network.Range range in _net.RangesOf(place))
            {
                if (value >= range.Low && value <= range.High)
                    _work.Add((range.Target, stack));
            }
        }

        GrammarState? found = _work.Count == 0 ? null : Settle();
        next[value] = found ?? _dead;
        return found;
    }

    /// <summary>One bit for each token that may follow; stop tokens where the answer may end.</summary>
    internal uint[] MaskOf(GrammarState state)
    {
        if (state.Mask is { } known)
            return known;
        uint[] mask = new uint[Vocabulary.Words];
        if (state.TextLeft > 0)
            Vocabulary.PlainUpTo(state.TextLeft).CopyTo(mask, 0);
        Try(state, state.TextLeft > 0 ? Vocabulary.Others : Vocabulary.All, mask);
        if (state.MayEnd || mask.AsSpan().IndexOfAnyExcept(0u) < 0)
        {
            foreach (int token in Vocabulary.StopTokens)
                mask[token / 32] |= 1u << (token % 32);
        }

        _maskBytes += mask.Length * sizeof(uint);
        if (_maskBytes > MaskBytesMax || _states.Count > StatesMax)
            Forget();
        return state.Mask = mask;
    }

    private static JsonElement Parse(string schema)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(schema);
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw new GrammarException("the schema is not JSON", error);
        }
    }

    // States in use stay alive through who holds them; they are found again from the start.
    private void Forget()
    {
        _states.Clear();
        _stacks.Clear();
        Start.Next = null;
        Start.Mask = null;
        _maskBytes = 0;
    }

    private void Try(GrammarState state, SortedTokens tokens, uint[] mask)
    {
        _path[0] = state;
        int alive = 0; // bytes of the token before that can follow
        for (int i = 0; i < tokens.Ids.Length; i++)
        {
            int id = tokens.Ids[i], shared = tokens.Shared[i];
            if (shared > alive)
                continue; // begins with what cannot follow
            byte[] bytes = Vocabulary.Bytes[id];
            alive = shared;
            while (alive < bytes.Length && Next(_path[alive], bytes[alive]) is { } next)
                _path[++alive] = next;
            if (alive == bytes.Length)
                mask[id / 32] |= 1u << (id % 32);
        }
    }

    // All places that are reached from the work list without a byte; null where there are none.
    private GrammarState? Settle()
    {
        _seen.Clear();
        _places.Clear();
        bool mayEnd = false;
        int textLeft = -1;
        for (int i = 0; i < _work.Count; i++)
        {
            (int place, GrammarStack? stack) = _work[i];
            if (!_seen.Add((place, stack)))
                continue;
            textLeft = Math.Max(textLeft, _net.TextLeft(place));
            if (_net.RangesOf(place).Count > 0)
                _places.Add((place, stack));
            foreach (int target in _net.FreeOf(place))
                _work.Add((target, stack));
            if (_net.CallOf(place) is { Target: >= 0 } call && Push(call.Return, stack) is { } pushed)
                _work.Add((call.Target, pushed));
            if (!_net.IsEnd(place))
                continue;
            if (stack is null)
                mayEnd = true;
            else
                _work.Add((stack.Return, stack.Below));
        }

        if (_places.Count == 0 && !mayEnd)
            return null;
        UInt128 key = Key(mayEnd);
        if (!_states.TryGetValue(key, out GrammarState? state))
            _states.Add(key, state = new GrammarState([.. _places], textLeft, mayEnd));
        return state;
    }

    // 128 bits of the places in order: equal for unequal ones once in the age of the universe.
    private UInt128 Key(bool mayEnd)
    {
        _places.Sort(static (a, b) => a.State != b.State
            ? a.State.CompareTo(b.State)
            : (a.Stack?.Id ?? -1).CompareTo(b.Stack?.Id ?? -1));
        ulong one = mayEnd ? 1UL : 2UL, two = 0x9E3779B97F4A7C15;
        foreach ((int place, GrammarStack? stack) in _places)
        {
            ulong value = ((ulong)(uint)place << 32) | (uint)(stack?.Id ?? -1);
            one = (one ^ value) * 0xFF51AFD7ED558CCD;
            one ^= one >> 32;
            two = (BitOperations.RotateLeft(two, 29) + value) * 0xC4CEB9FE1A85EC53;
            two ^= two >> 29;
        }

        return new UInt128(one, two);
    }

    private GrammarStack? Push(int back, GrammarStack? below)
    {
        int depth = (below?.Depth ?? 0) + 1;
        if (depth > StackDepthMax)
            return null;
        if (!_stacks.TryGetValue((back, below?.Id ?? -1), out GrammarStack? stack))
            _stacks.Add((back, below?.Id ?? -1), stack = new GrammarStack(back, below, depth, _nextId++));
        return stack;
    }
}

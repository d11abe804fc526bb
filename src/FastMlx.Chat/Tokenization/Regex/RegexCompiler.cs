namespace FastMlx.Chat.Tokenization;

/// <summary>Turns a parsed pattern into instructions.</summary>
internal sealed class RegexCompiler
{
    private const int MaxSteps = 20_000;
    private const int MaxBehind = 255;

    private readonly List<RegexStep> _steps = [];

    // How many Splits each (sub-)pattern has; 0 is the pattern itself.
    private readonly List<int> _memos = [0];
    private int _sub;

    public static (RegexStep[] Steps, int[] Memos) Compile(RegexNode node)
    {
        var compiler = new RegexCompiler();
        compiler.Emit(node);
        compiler.Add(new RegexStep(RegexOp.Match));
        return ([.. compiler._steps], [.. compiler._memos]);
    }

    private int Add(RegexStep step)
    {
        if (_steps.Count >= MaxSteps)
            throw new TokenizerException("The pattern is too large.");
        _steps.Add(step);
        return _steps.Count - 1;
    }

    private RegexStep AddSplit()
    {
        var split = new RegexStep(RegexOp.Split) { Memo = _memos[_sub]++ };
        Add(split);
        return split;
    }

    private void Emit(RegexNode node)
    {
        switch (node)
        {
            case RegexNode.One one:
                Add(new RegexStep(RegexOp.One) { Set = one.Set });
                break;
            case RegexNode.Sequence sequence:
                foreach (RegexNode part in sequence.Parts)
                    Emit(part);
                break;
            case RegexNode.Choice choice:
                EmitChoice(choice);
                break;
            case RegexNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case RegexNode.Atomic { Body: RegexNode.Repeat { Body: RegexNode.One one, Min: <= 1, Max: -1 } run }:
                if (run.Min == 1)
                    Add(new RegexStep(RegexOp.One) { Set = one.Set });
                Add(new RegexStep(RegexOp.Run) { Set = one.Set });
                break;
            case RegexNode.Atomic atomic:
                EmitSub(new RegexStep(RegexOp.Atomic), atomic.Body);
                break;
            case RegexNode.Look look:
                EmitLook(look);
                break;
            case RegexNode.Assert assert:
                Add(new RegexStep(RegexOp.Assert) { Assertion = assert.Kind });
                break;
        }
    }

    private void EmitChoice(RegexNode.Choice choice)
    {
        var jumps = new List<RegexStep>();
        for (int i = 0; i < choice.Options.Count; i++)
        {
            bool last = i == choice.Options.Count - 1;
            RegexStep? split = last ? null : AddSplit();
            if (split is not null)
                split.A = _steps.Count;
            Emit(choice.Options[i]);
            if (split is null)
                break;
            var jump = new RegexStep(RegexOp.Jump);
            Add(jump);
            jumps.Add(jump);
            split.B = _steps.Count;
        }
        foreach (RegexStep jump in jumps)
            jump.A = _steps.Count;
    }

    private void EmitRepeat(RegexNode.Repeat repeat)
    {
        for (int i = 0; i < repeat.Min; i++)
            Emit(repeat.Body);
        if (repeat.Max < 0)
        {
            RegexStep split = AddSplit();
            int loop = _steps.Count - 1;
            int body = _steps.Count;
            Emit(repeat.Body);
            Add(new RegexStep(RegexOp.Jump) { A = loop });
            Branch(split, body, _steps.Count, repeat.Lazy);
            return;
        }
        var splits = new List<(RegexStep Split, int Body)>();
        for (int i = repeat.Min; i < repeat.Max; i++)
        {
            splits.Add((AddSplit(), _steps.Count));
            Emit(repeat.Body);
        }
        foreach ((RegexStep split, int body) in splits)
            Branch(split, body, _steps.Count, repeat.Lazy);
    }

    private static void Branch(RegexStep split, int body, int exit, bool lazy) =>
        (split.A, split.B) = lazy ? (exit, body) : (body, exit);

    private void EmitLook(RegexNode.Look look)
    {
        var step = new RegexStep(look.Behind ? RegexOp.Behind : RegexOp.Ahead) { Negative = look.Negative };
        if (look.Behind)
        {
            (step.MinLength, step.MaxLength) = Lengths(look.Body);
            if (step.MaxLength > MaxBehind)
                throw new TokenizerException("The pattern looks behind without a limit, which is not supported.");
        }
        EmitSub(step, look.Body);
    }

    private void EmitSub(RegexStep step, RegexNode body)
    {
        Add(step);
        int outer = _sub;
        _memos.Add(0);
        step.Sub = _sub = _memos.Count - 1;
        Emit(body);
        Add(new RegexStep(RegexOp.Match));
        _sub = outer;
        step.A = _steps.Count;
    }

    private static (int Min, int Max) Lengths(RegexNode node)
    {
        switch (node)
        {
            case RegexNode.One:
                return (1, 1);
            case RegexNode.Sequence sequence:
                (int Min, int Max)[] parts = [.. sequence.Parts.Select(Lengths)];
                return (parts.Sum(p => p.Min), (int)Math.Min(parts.Sum(p => (long)p.Max), 1 << 20));
            case RegexNode.Choice choice:
                (int Min, int Max)[] options = [.. choice.Options.Select(Lengths)];
                return (options.Min(p => p.Min), options.Max(p => p.Max));
            case RegexNode.Repeat repeat:
                (int min, int max) = Lengths(repeat.Body);
                return (min * repeat.Min, repeat.Max < 0 ? 1 << 20 : (int)Math.Min((long)max * repeat.Max, 1 << 20));
            case RegexNode.Atomic atomic:
                return Lengths(atomic.Body);
            default:
                return (0, 0);
        }
    }
}

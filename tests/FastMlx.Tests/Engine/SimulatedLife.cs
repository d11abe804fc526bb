using FastMlx.Engine;
using FastMlx.Engine.Disk;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMlx.Tests.Engine;

/// <summary>
/// One life of an engine from one seed: random limits, arrivals, shared prefixes, forks, cancels, slow readers and
/// failing calls. Afterwards each request must have received what it would alone and cold, or the beginning of that
/// where it was cancelled or failed; slots and bytes must be conserved, and the number of turns bounded.
/// </summary>
internal sealed class SimulatedLife
{
    private const int TurnsPerToken = 60;

    private readonly Random _random;
    private readonly bool _canFail;
    private readonly EngineOptions _options;
    private readonly List<SimulatedClient> _clients = [];
    private readonly List<int[]>[] _conversations = [[], []];
    private readonly List<HashModel> _models = [];
    private HashModelOptions _modelOptions;
    private EngineLimits _limits;
    private HashModel _model;
    private StepPipeline _pipeline;
    private readonly MemoryFiles? _files;
    private readonly int _chunkTokens;
    private DiskTier? _disk;
    private double _nowMs;
    private long _work;
    private bool _quiet;

    public SimulatedLife(int seed)
    {
        _random = new Random(seed);
        _chunkTokens = new Random(~seed).Next(4, 100); // A draw of its own: what older seeds do stays the same.
        var context = _random.Next(40, 400);
        var maxRunning = _random.Next(1, 6);
        _canFail = _random.Next(3) == 0;
        _modelOptions = new HashModelOptions
        {
            CanTrim = _random.Next(2) == 0,
            ContextMax = context,
            MaxStepTokens = _random.Next(maxRunning, 64),
            MaxSlots = maxRunning + _random.Next(0, 8),
            CanSaveRows = _random.Next(2) == 0,
            FixedBytes = (ulong)_random.Next(2) * 100,
            Fails = _canFail ? Fails : null,
        };
        var state = 16UL * (ulong)(context + _random.Next(0, context * 6));
        if (_random.Next(3) == 0)
        {
            // The model runs out of memory before the engine thinks so.
            _modelOptions = _modelOptions with { StateBytesMax = state + (ulong)(100 * _modelOptions.MaxSlots) };
            state *= 2;
        }

        _options = new EngineOptions
        {
            MaxRunning = maxRunning,
            MaxSlots = _modelOptions.MaxSlots,
            MaxStepTokens = _modelOptions.MaxStepTokens,
            StateBytes = state,
            StepsInFlight = _random.Next(1, 3),
            AgingMs = _random.Next(1, 200),
        };
        if (_random.Next(2) == 0)
        {
            _files = new MemoryFiles { Fails = _canFail ? DiskFails : null };
        }

        _model = Open();
        _limits = EngineLimits.Derive(_options, _model.Info);
        _pipeline = Start();
    }

    public int Requests => _clients.Count;

    public int Restarts { get; private set; }

    public long Saved { get; private set; }

    public long Restored { get; private set; }

    public long Fed => _models.Sum(model => model.TokensFed);

    public void Run(int requests)
    {
        var turns = 0L;
        while (_clients.Count < requests || !_pipeline.Scheduler.IsIdle)
        {
            _nowMs += _random.NextDouble() * 5;
            if (_random.Next(30) == 0)
            {
                _quiet = !_quiet; // In a quiet time the engine comes to rest and saves.
            }

            if (_clients.Count < requests && !_quiet && _random.Next(4) == 0)
            {
                Submit();
            }

            Disturb();
            Turn();
            for (var i = _random.Next(3); i > 0; i--)
            {
                _disk?.Worker.RunOne();
            }

            if (_random.Next(25) == 0 && _quiet && _pipeline.Scheduler.IsIdle)
            {
                Restart();
            }

            Require(_pipeline.Scheduler.Table.Count <= _options.MaxSlots, "more slots than there are");
            Require(++turns <= 4000 + (TurnsPerToken * _work), "turns without end");
        }

        Check();
        Count();
    }

    private void Count()
    {
        Restored += _disk?.Restored ?? 0;
        Saved += _disk?.Saved ?? 0;
    }

    private HashModel Open()
    {
        var model = new HashModel(_modelOptions);
        _models.Add(model);
        return model;
    }

    private StepPipeline Start()
    {
        if (_files is not null)
        {
            _disk = new DiskTier(_files, "sim", _model.Info, _random.Next(1000, 40_000), NullLogger.Instance)
            {
                ChunkTokensMax = _chunkTokens,
            };
        }

        return new StepPipeline(_model, _options, _limits, _disk, () => _nowMs, NullLogger.Instance);
    }

    // A new process over the same files, some of them damaged meanwhile.
    private void Restart()
    {
        Check();
        Count();
        Restarts++;
        for (var i = _random.Next(4); i > 0 && _files is not null; i--)
        {
            _files.Damage(_random);
        }

        _model.Dispose();
        _model = Open();
        _pipeline = Start();
    }

    private IOException? DiskFails(int operation) => _random.Next(200) == 0 ? new IOException("no space") : null;

    private ModelFailure? Fails(ModelCall call)
    {
        if (_random.Next(60) != 0)
        {
            return null;
        }

        return _random.Next(2) == 0 ? ModelFailure.NoMemory : ModelFailure.Internal;
    }

    private void Turn()
    {
        try
        {
            _pipeline.Turn();
        }
        catch (ModelException e)
        {
            _pipeline.Drop(ModelFailure.Internal, e.Message);
            _model.Dispose();
            _model = Open();
            _pipeline.Rebind(_model, _limits);
        }
    }

    private void Disturb()
    {
        foreach (var client in _clients)
        {
            if (client.Ends == 0)
            {
                client.Read(_random.Next(4));
                client.CancelRequested |= _random.Next(400) == 0;
            }
        }
    }

    private void Submit()
    {
        var partition = _random.Next(8) == 0 ? 1 : 0;
        var prompt = Prompt(_conversations[partition]);
        var request = new GenerationRequest
        {
            Prompt = prompt,
            MaxTokens = _random.Next(10) == 0 ? 0 : _random.Next(1, 40),
            Sampling = new SamplingParameters(_random.Next(2), 1, 0, 0, (ulong)_random.Next(3)),
            StopTokens = [.. Enumerable.Range(0, _random.Next(60)).Select(_ => _random.Next(HashModel.VocabSize))],
            Checkpoints = Checkpoints(prompt.Length),
            Lane = (Lane)_random.Next(4),
            Partition = (ulong)partition,
            Adjust = _random.Next(4) == 0 ? Adjust() : null,
            Logprobs = _random.Next(4) == 0 ? _random.Next(4) : -1,
            PromptLogprobs = _random.Next(10) == 0 ? _random.Next(3) : -1,
            AnswerTokens = _random.Next(6) == 0 ? _random.Next(prompt.Length) : 0,
        };
        if (_limits.Check(request) != SubmitResult.Accepted)
        {
            return;
        }

        var client = new SimulatedClient(request, _random.Next(1, 50));
        _clients.Add(client);
        _work += request.Prompt.Length + request.MaxTokens;
        _pipeline.Scheduler.Submit(request, client, _nowMs);
        var answer = Cold.Answer(request, _limits.ContextLength).Tokens;
        _conversations[partition].Add(_random.Next(2) == 0 ? [.. prompt, .. answer] : prompt);
    }

    private LogitAdjustment Adjust()
    {
        int[] biased = [.. Enumerable.Range(0, _random.Next(4)).Select(_ => _random.Next(HashModel.VocabSize))];
        return new LogitAdjustment
        {
            BiasIds = biased,
            BiasValues = [.. biased.Select(id => id % 3 == 0 ? float.NegativeInfinity : 1.5f)],
            FrequencyPenalty = _random.Next(3) - 1,
            PresencePenalty = _random.Next(3) - 1,
            RepetitionPenalty = 1 + _random.Next(2),
            TokensMin = _random.Next(2) == 0 ? 0 : _random.Next(20),
        };
    }

    // A new prompt, a turn that continues an earlier one (the answer included), a cut of one, or one again.
    private int[] Prompt(List<int[]> conversations)
    {
        var length = _random.Next(1, Math.Min(_limits.ContextLength, 80));
        var kind = conversations.Count == 0 ? 0 : _random.Next(6);
        if (kind == 0)
        {
            return Random(length);
        }

        var before = conversations[Math.Max(0, conversations.Count - 1 - _random.Next(6))];
        return kind switch
        {
            1 => before,
            2 => [.. before.AsSpan(0, _random.Next(1, before.Length + 1)), .. Random(length)],
            3 => [.. before.AsSpan(0, _random.Next(1, before.Length + 1))],
            _ => [.. before, .. Random(_random.Next(1, 20))],
        };
    }

    private int[] Random(int length) =>
        [.. Enumerable.Range(0, length).Select(_ => _random.Next(HashModel.VocabSize))];

    private int[] Checkpoints(int length) =>
        [.. Enumerable.Range(0, _random.Next(4)).Select(_ => _random.Next(1, length + 1)).Distinct().Order()];

    private void Check()
    {
        var scheduler = _pipeline.Scheduler;
        foreach (var client in _clients)
        {
            Require(client.Ends == 1, $"a request that ended {client.Ends} times: {client.Reason} {client.Failure}");
            var (expected, reason) = Cold.Answer(client.Request, _limits.ContextLength);
            var isWhole = client.Reason is not (FinishReason.Cancelled or FinishReason.Failed);
            Require(isWhole ? client.Tokens.SequenceEqual(expected) : IsPrefix(client.Tokens, expected), "a wrong answer");
            Require(!isWhole || client.Reason == reason, "a wrong reason");
            Require(client.Reason != FinishReason.Cancelled || client.CancelRequested, "cancelled without a cancel");
            Require(
                client.Reason != FinishReason.Failed || _canFail,
                "failed without a failure: " + client.Failure);
            CheckLogprobs(client, isWhole);
            Require(client.Stats.SampledTokens == client.Tokens.Count, "a wrong count of tokens");
            Require(client.Stats.ReusedTokens < client.Request.Prompt.Length, "no prompt token was fed");
        }

        Require(_model.StepsInFlight == 0, "a step in flight at the end");
        Require(scheduler.Table.Count == _model.OpenSlots, "slots leaked");
        Require(scheduler.Table.Bytes == _model.TotalBytes, "bytes not conserved");
        Require(scheduler.Table.Bytes <= scheduler.Table.BytesMax, "the cache is over its budget");
        Require(scheduler.Table.All.All(timeline => timeline.Owner is null && timeline.InFlight == 0), "owners left");
        Require(
            scheduler.Table.All.All(one => _model.Holds(one.Slot, one.Tokens.AsSpan(0, one.Count))),
            "a slot holds other tokens than its timeline says");
        Require(RadixCheck.IsSound(scheduler.Table, out var broken), broken);
        Require(_models.Count(model => !model.IsDisposed) == 1, "models left open");
    }

    private void CheckLogprobs(SimulatedClient client, bool isWhole)
    {
        var request = client.Request;
        var (prompt, answer) = Cold.Logprobs(request, client.Tokens);
        var wanted = request.Logprobs >= 0 ? answer : [.. client.Tokens.Select(_ => Array.Empty<TokenLogprob>())];
        Require(client.Logprobs.Zip(wanted).All(pair => pair.First.SequenceEqual(pair.Second)), "wrong log-probabilities");
        Require(client.Logprobs.Count == client.Tokens.Count, "log-probabilities without a token");
        if (request.PromptLogprobs < 0 || !isWhole)
        {
            Require(client.Scores is null || request.PromptLogprobs >= 0, "scores that nobody asked for");
            return;
        }

        for (var i = 1; i < request.Prompt.Length; i++)
        {
            Require(client.Scores![i] == prompt[i - 1][0].Logprob, "a wrong score");
            Require(client.Scores.TopAt(i).SequenceEqual(prompt[i - 1].AsSpan(1)), "wrong alternatives of a score");
        }
    }

    private static bool IsPrefix(List<int> tokens, List<int> of) =>
        tokens.Count <= of.Count && tokens.SequenceEqual(of.Take(tokens.Count));

    private void Require(bool condition, string broken)
    {
        if (!condition)
        {
            throw new InvalidOperationException(broken + ".");
        }
    }
}

using FastMlx.Api;
using FastMlx.Configuration;

namespace FastMlx.Composition.Models;

/// <summary>The server's models: their names, and the house that brings them to memory. Any thread.</summary>
internal sealed class ModelSet : IAsyncDisposable
{
    private readonly ModelNames _names;
    private readonly ModelHouse<LoadedModel> _house;

    /// <param name="options">Aliases, budget and idle limit.</param>
    /// <param name="models">In order; the first is the main one.</param>
    /// <param name="load">Brings one to memory.</param>
    /// <param name="time">The clock.</param>
    public ModelSet(
        ServerOptions options,
        IReadOnlyList<ServedModel> models,
        Func<ServedModel, CancellationToken, Task<LoadedModel>> load,
        TimeProvider time)
    {
        Models = models;
        Aliases = options.ModelAliases;
        ApiName = options.ApiModelName;
        _names = new ModelNames(
            [.. models.Select(m => m.Name)], options.ApiModelName, options.ModelAliases, options.Strict);
        _house = new ModelHouse<LoadedModel>(
            [.. models.Select(model => Room(model, load))],
            MemoryPlan.Budget(options),
            TimeSpan.FromSeconds(options.IdleSeconds),
            // What was planned for it: the engine fills it as conversations grow.
            loaded => models.First(m => m.Name == loaded.Name).Plan.MemoryBytes,
            time);
    }

    /// <summary>One model that is loaded already.</summary>
    public static ModelSet Of(ServerOptions options, LoadedModel model, TimeProvider time)
    {
        var plan = new ModelPlan(
            (long)model.Generator.Model.WeightBytes, MemoryPlan.Budget(options), model.Generator.ContextLength);
        var served = new ServedModel(0, model.Name, plan, () => model.Text);
        var set = new ModelSet(options, [served], (_, _) => throw new InvalidOperationException("It is loaded."), time);
        served.Learn(model.Generator);
        set._house.Adopt(0, model);
        return set;
    }

    public IReadOnlyList<ServedModel> Models { get; }

    public ServedModel Main => Models[0];

    public IReadOnlyList<(string Name, string Model)> Aliases { get; }

    private string ApiName { get; }

    /// <summary>The model that a name means, or null.</summary>
    public ServedModel? Find(string requested) => _names.Find(requested) is >= 0 and { } index ? Models[index] : null;

    public HouseView<LoadedModel> Look(ServedModel model) => _house.Look(model.Index);

    /// <summary>The model in memory; the caller disposes the lease. Fails with what loading failed with.</summary>
    public Task<ModelLease<LoadedModel>> RentAsync(ServedModel model, CancellationToken cancellation) =>
        _house.RentAsync(model.Index, cancellation);

    /// <summary>
    /// For both APIs' lists: the configured name first, then each model's own and the alias that Claude Code's picker
    /// accepts, then the aliases of the configuration.
    /// </summary>
    public async Task<IReadOnlyList<ModelEntry>> EntriesAsync(DateTimeOffset created)
    {
        List<(string Id, ServedModel Model)> ids = [(ApiName, Main)];
        foreach (ServedModel model in Models)
        {
            ids.Add((model.Name, model));
            ids.Add((ModelEntry.AliasOf(model.Name), model));
        }

        ids.AddRange(Aliases.Select(alias => (alias.Name, Find(alias.Name)!)));
        var entries = new List<ModelEntry>();
        foreach ((string id, ServedModel model) in ids.DistinctBy(entry => entry.Id))
            entries.Add(Entry(id, model, await CanThinkAsync(model), created));
        return entries;
    }

    public ValueTask DisposeAsync() => _house.DisposeAsync();

    private static HouseRoom<LoadedModel> Room(
        ServedModel model, Func<ServedModel, CancellationToken, Task<LoadedModel>> load) =>
        new(model.Plan.MemoryBytes, async cancellation =>
        {
            LoadedModel loaded = await load(model, cancellation);
            model.Learn(loaded.Generator);
            return loaded;
        });

    private static async Task<bool> CanThinkAsync(ServedModel model)
    {
        try
        {
            return (await model.TextAsync()).CanThink;
        }
        catch (Exception e) when (LoadProblem.Of(model.Name, e) is not null)
        {
            return false; // A request for it says what is wrong.
        }
    }

    private static ModelEntry Entry(string id, ServedModel model, bool canThink, DateTimeOffset created) => new()
    {
        Id = id,
        DisplayName = model.Name,
        CreatedAt = created,
        ContextTokens = model.ContextLength,
        OutputTokens = Math.Max(1, model.ContextLength - 1),
        CanThink = canThink,
    };
}

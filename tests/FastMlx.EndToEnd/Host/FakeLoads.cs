using System.Collections.Concurrent;
using FastMlx.Chat.Tokenization;
using FastMlx.Composition;
using FastMlx.Composition.Models;
using FastMlx.Configuration;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Engine;
using FastMlx.Hub;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMlx.EndToEnd.Host;

/// <summary>
/// Models that answer their own name and what they are told, whose loads a test holds back or fails.
/// </summary>
/// <param name="bytes">Each one's memory, by name; the budget is the options'.</param>
internal sealed class FakeLoads(params (string Name, long Bytes)[] bytes)
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();

    public ConcurrentQueue<string> Loads { get; } = new();

    /// <summary>What the next loads of a model fail with.</summary>
    public ConcurrentDictionary<string, Exception> Failures { get; } = new();

    /// <summary>Holds a model's steps back.</summary>
    public ConcurrentDictionary<string, Pace> Paces { get; } = new();

    public int ContextLength { get; init; } = 4096;

    /// <summary>Its loads wait until <see cref="Open"/>.</summary>
    public void Hold(string name) => _gates[name] = new TaskCompletionSource();

    public void Open(string name) => _gates[name].SetResult();

    public ModelSet CreateSet(ServerOptions options)
    {
        ModelFolder folder = ModelFolder.Open(DemoModelFolder.Extract(options.HomeDirectory));
        ServedModel[] models = [.. bytes.Select((model, i) => new ServedModel(
            i, model.Name, new ModelPlan(model.Bytes, model.Bytes, ContextLength),
            () => ModelLoader.ReadText(options, model.Name, folder, NullLogger.Instance)))];
        return new ModelSet(options, models, (model, _) => LoadAsync(options, folder, model), TimeProvider.System);
    }

    private async Task<LoadedModel> LoadAsync(ServerOptions options, ModelFolder folder, ServedModel model)
    {
        Loads.Enqueue(model.Name);
        if (_gates.TryGetValue(model.Name, out TaskCompletionSource? gate))
            await gate.Task;
        if (Failures.TryGetValue(model.Name, out Exception? failure))
            throw failure;
        TokenizerFolder tokenizer = TokenizerFolder.Load(folder.Directory);
        EngineLoop engine = await EngineLoop.OpenAsync(
            () => new ScriptedModel(
                tokenizer, prompt => $"{model.Name}: {SayScript.Answer(prompt)}", Paces.GetValueOrDefault(model.Name)),
            new EngineOptions { ContextLength = ContextLength }, TimeProvider.System, NullLogger.Instance);
        return new LoadedModel(await model.TextAsync(), engine);
    }
}

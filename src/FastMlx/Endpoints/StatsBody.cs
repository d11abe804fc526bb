using System.Buffers;
using System.Text.Json;
using FastMlx.Composition;
using FastMlx.Composition.Models;
using FastMlx.Engine;

namespace FastMlx.Endpoints;

/// <summary>GET /stats: the engine's snapshot, running and recent requests, as JSON.</summary>
internal static class StatsBody
{
    public static void Write(IBufferWriter<byte> output, Server server)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("uptime_seconds"u8, Math.Round(server.Uptime.TotalSeconds));
        // The main model's, in the form of a server with one model; all of them follow.
        WriteModel(json, server.Models, server.Models.Main);
        WriteEngine(json, server.Models.Look(server.Models.Main).Model?.Generator.Health ?? EngineHealth.Opening);
        json.WriteNumber("memory_budget"u8, MemoryPlan.Budget(server.Options));
        json.WriteStartArray("models"u8);
        foreach (ServedModel model in server.Models.Models)
            WriteOne(json, server.Models, model);
        json.WriteEndArray();
        json.WriteStartArray("running"u8);
        foreach (RunningRequest request in server.Activity.Running)
        {
            Generation generation = request.Generation;
            WriteRequest(
                json, request.RequestId, request.Model, generation.Stats, generation.Request.Prompt.Length, end: null);
        }

        json.WriteEndArray();
        json.WriteStartArray("recent"u8);
        foreach (FinishedRequest request in server.Activity.Recent)
        {
            WriteRequest(
                json, request.RequestId, request.Model, request.Stats, request.Stats.PromptTokens, request.End);
        }


        json.WriteEndArray();
        json.WriteStartObject("unknown_fields"u8);
        foreach ((string name, long count) in server.UnknownFieldCounts)
            json.WriteNumber(name, count);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>In a word: ready, opening, stuck, recovering; absent, loading, leaving; failed.</summary>
    public static string StateOf(in HouseView<LoadedModel> view) =>
        view.Model is { } loaded ? loaded.Generator.Health.State.ToString().ToLowerInvariant()
        : view is { State: HouseState.Absent, Failure: not null } ? "failed"
        : view.State.ToString().ToLowerInvariant();

    private static void WriteOne(Utf8JsonWriter json, ModelSet models, ServedModel model)
    {
        HouseView<LoadedModel> view = models.Look(model);
        json.WriteStartObject();
        WriteModel(json, models, model);
        json.WriteString("state"u8, StateOf(view));
        json.WriteNumber("answering"u8, view.Leases);
        json.WriteNumber("waiting"u8, view.Waiting);
        json.WriteNumber("loads"u8, view.Loads);
        json.WriteNumber("evictions"u8, view.Evictions);
        json.WriteNumber("memory_bytes"u8, model.Plan.MemoryBytes);
        if (view.Failure is { } failure)
            json.WriteString("failure"u8, failure);
        if (view.Model is { } loaded)
            WriteEngine(json, loaded.Generator.Health);
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, ModelSet models, ServedModel model)
    {
        json.WriteStartObject("model"u8);
        json.WriteString("name"u8, model.Name);
        json.WriteString("type"u8, model.Facts?.Model.ModelType ?? "");
        json.WriteString("backend"u8, model.Facts?.Model.Backend ?? "");
        json.WriteString("tool_format"u8, models.Look(model).Model?.Text.Format.Name ?? "");
        json.WriteNumber("context_length"u8, model.ContextLength);
        json.WriteNumber("weight_bytes"u8, model.Facts?.Model.WeightBytes ?? (ulong)model.Plan.WeightBytes);
        json.WriteEndObject();
    }

    private static void WriteEngine(Utf8JsonWriter json, EngineHealth health)
    {
        json.WriteStartObject("engine"u8);
        json.WriteString("state"u8, health.State.ToString().ToLowerInvariant());
        json.WriteNumber("queued"u8, health.Queued);
        json.WriteNumber("running"u8, health.Running);
        json.WriteNumber("slots"u8, health.Slots);
        json.WriteNumber("cached_timelines"u8, health.CachedTimelines);
        json.WriteNumber("state_bytes"u8, health.StateBytes);
        json.WriteNumber("state_bytes_max"u8, health.StateBytesMax);
        json.WriteNumber("requests"u8, health.Requests);
        json.WriteNumber("prompt_tokens"u8, health.PromptTokens);
        json.WriteNumber("reused_tokens"u8, health.ReusedTokens);
        json.WriteNumber("prefilled_tokens"u8, health.PrefilledTokens);
        json.WriteNumber("sampled_tokens"u8, health.SampledTokens);
        json.WriteNumber("hit_rate"u8, Math.Round(health.HitRate, 4));
        json.WriteNumber("sampled_per_second"u8, Math.Round(health.SampledPerSecond, 2));
        json.WriteNumber("prefilled_per_second"u8, Math.Round(health.PrefilledPerSecond, 2));
        json.WriteNumber("last_step_ms"u8, Math.Round(health.LastStepMs, 3));
        json.WriteNumber("failures"u8, health.Failures);
        json.WriteNumber("restarts"u8, health.Restarts);
        json.WriteEndObject();
    }

    private static void WriteRequest(
        Utf8JsonWriter json, string id, string model, in GenerationStats stats, int promptTokens, string? end)
    {
        json.WriteStartObject();
        json.WriteString("request_id"u8, id);
        json.WriteString("model"u8, model);
        json.WriteNumber("prompt_tokens"u8, promptTokens);
        json.WriteNumber("reused_tokens"u8, stats.ReusedTokens);
        json.WriteNumber("prefilled_tokens"u8, stats.PrefilledTokens);
        json.WriteNumber("sampled_tokens"u8, stats.SampledTokens);
        json.WriteNumber("queue_ms"u8, Math.Round(stats.QueueMs, 1));
        json.WriteNumber("prefill_ms"u8, Math.Round(stats.PrefillMs, 1));
        json.WriteNumber("decode_ms"u8, Math.Round(stats.DecodeMs, 1));
        json.WriteNumber("diverged_at"u8, stats.DivergedAt);
        if (end is not null)
            json.WriteString("end"u8, end);
        json.WriteEndObject();
    }
}

using System.Globalization;
using System.Text;
using FastMlx.Composition;
using FastMlx.Composition.Models;
using FastMlx.Engine;

namespace FastMlx.Endpoints;

/// <summary>
/// GET /metrics: Prometheus text 0.0.4, a series a model. Counters of an engine start anew when its model is loaded
/// again.
/// </summary>
internal static class MetricsBody
{
    private static readonly (string Name, string Help, string Type, Func<EngineHealth, double> Value)[] OfEngine =
    [
        ("fastmlx_ready", "1 while requests are served", "gauge", h => h.State == EngineState.Ready ? 1 : 0),
        ("fastmlx_requests_queued", "Requests that wait", "gauge", h => h.Queued),
        ("fastmlx_requests_running", "Requests in steps", "gauge", h => h.Running),
        ("fastmlx_cached_timelines", "Conversations kept for reuse", "gauge", h => h.CachedTimelines),
        ("fastmlx_state_bytes", "Memory of all timelines", "gauge", h => h.StateBytes),
        ("fastmlx_state_bytes_max", "Its budget", "gauge", h => h.StateBytesMax),
        ("fastmlx_weight_bytes", "Size of the weights", "gauge", h => h.WeightBytes),
        ("fastmlx_last_step_milliseconds", "Duration of the last step", "gauge", h => h.LastStepMs),
        ("fastmlx_requests_total", "Requests admitted", "counter", h => h.Requests),
        ("fastmlx_prompt_tokens_total", "Prompt tokens of all requests", "counter", h => h.PromptTokens),
        ("fastmlx_reused_tokens_total", "Prompt tokens that came from a cache", "counter", h => h.ReusedTokens),
        ("fastmlx_prefilled_tokens_total", "Prompt tokens that were computed", "counter", h => h.PrefilledTokens),
        ("fastmlx_sampled_tokens_total", "Tokens of answers", "counter", h => h.SampledTokens),
        ("fastmlx_steps_total", "Steps of the engine", "counter", h => h.Steps),
        ("fastmlx_failures_total", "Requests ended by an engine failure", "counter", h => h.Failures),
        ("fastmlx_restarts_total", "Times the model was opened again", "counter", h => h.Restarts),
        ("fastmlx_preemptions_total", "Requests set aside for memory", "counter", h => h.Preemptions),
        ("fastmlx_evictions_total", "Timelines dropped for memory", "counter", h => h.Evictions),
    ];

    private static readonly (string Name, string Help, string Type, Func<HouseView<LoadedModel>, double> Value)[]
        OfHouse =
        [
            ("fastmlx_model_loaded", "1 while the model is in memory", "gauge", v => v.Model is null ? 0 : 1),
            ("fastmlx_model_waiting", "Requests that wait for the model", "gauge", v => v.Waiting),
            ("fastmlx_model_loads_total", "Times the model was loaded", "counter", v => v.Loads),
            ("fastmlx_model_unloads_total", "Times the model left the memory", "counter", v => v.Evictions),
        ];

    public static byte[] Text(Server server)
    {
        (string Label, HouseView<LoadedModel> View)[] models =
            [.. server.Models.Models.Select(m => (Label(m.Name), server.Models.Look(m)))];
        var text = new StringBuilder(8192);
        foreach ((string name, string help, string type, Func<EngineHealth, double> value) in OfEngine)
        {
            Head(text, name, help, type);
            foreach ((string label, HouseView<LoadedModel> view) in models)
            {
                if (view.Model is { } loaded)
                    Line(text, name, label, value(loaded.Generator.Health));
            }
        }

        foreach ((string name, string help, string type, Func<HouseView<LoadedModel>, double> value) in OfHouse)
        {
            Head(text, name, help, type);
            foreach ((string label, HouseView<LoadedModel> view) in models)
                Line(text, name, label, value(view));
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Head(StringBuilder text, string name, string help, string type) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}.\n# TYPE {name} {type}\n");

    private static void Line(StringBuilder text, string name, string model, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{{model=\"{model}\"}} {value:R}\n");

    private static string Label(string name) =>
        name.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
}

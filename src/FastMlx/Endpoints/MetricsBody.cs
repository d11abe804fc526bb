using System.Globalization;
using System.Text;
using FastMlx.Composition;
using FastMlx.Engine;

namespace FastMlx.Endpoints;

/// <summary>GET /metrics: Prometheus text 0.0.4.</summary>
internal static class MetricsBody
{
    public static byte[] Text(Server server)
    {
        EngineHealth h = server.Default.Generator.Health;
        var text = new StringBuilder(4096);
        Gauge(text, "fastmlx_ready", "1 while requests are served", h.State == EngineState.Ready ? 1 : 0);
        Gauge(text, "fastmlx_requests_queued", "Requests that wait", h.Queued);
        Gauge(text, "fastmlx_requests_running", "Requests in steps", h.Running);
        Gauge(text, "fastmlx_cached_timelines", "Conversations kept for reuse", h.CachedTimelines);
        Gauge(text, "fastmlx_state_bytes", "Memory of all timelines", h.StateBytes);
        Gauge(text, "fastmlx_state_bytes_max", "Its budget", h.StateBytesMax);
        Gauge(text, "fastmlx_weight_bytes", "Size of the weights", h.WeightBytes);
        Gauge(text, "fastmlx_last_step_milliseconds", "Duration of the last step", h.LastStepMs);
        Counter(text, "fastmlx_requests_total", "Requests admitted", h.Requests);
        Counter(text, "fastmlx_prompt_tokens_total", "Prompt tokens of all requests", h.PromptTokens);
        Counter(text, "fastmlx_reused_tokens_total", "Prompt tokens that came from a cache", h.ReusedTokens);
        Counter(text, "fastmlx_prefilled_tokens_total", "Prompt tokens that were computed", h.PrefilledTokens);
        Counter(text, "fastmlx_sampled_tokens_total", "Tokens of answers", h.SampledTokens);
        Counter(text, "fastmlx_steps_total", "Steps of the engine", h.Steps);
        Counter(text, "fastmlx_failures_total", "Requests ended by an engine failure", h.Failures);
        Counter(text, "fastmlx_restarts_total", "Times the model was opened again", h.Restarts);
        Counter(text, "fastmlx_preemptions_total", "Requests set aside for memory", h.Preemptions);
        Counter(text, "fastmlx_evictions_total", "Timelines dropped for memory", h.Evictions);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Gauge(StringBuilder text, string name, string help, double value) =>
        Write(text, name, help, "gauge", value);

    private static void Counter(StringBuilder text, string name, string help, double value) =>
        Write(text, name, help, "counter", value);

    private static void Write(StringBuilder text, string name, string help, string type, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}.\n# TYPE {name} {type}\n{name} {value:R}\n");
}

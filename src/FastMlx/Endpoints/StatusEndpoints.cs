using System.Text.Json;
using FastMlx.Composition;
using FastMlx.Engine;

namespace FastMlx.Endpoints;

/// <summary>What people and monitors look at: /health, /stats, /metrics, and the pre-connects of clients.</summary>
internal static class StatusEndpoints
{
    private const string PrometheusText = "text/plain; version=0.0.4; charset=utf-8";

    public static Task HelloAsync(Call call) =>
        call.Exchange.RespondAsync(200, "text/plain; charset=utf-8", "FastMlx\n"u8.ToArray()).AsTask();

    /// <summary>200 when a request would be served, 503 with the reason when not.</summary>
    public static async Task HealthAsync(Call call)
    {
        EngineHealth health = call.Server.Default.Generator.Health;
        await call.RespondAsync(health.State == EngineState.Ready ? 200 : 503, output =>
        {
            using var json = new Utf8JsonWriter(output);
            json.WriteStartObject();
            json.WriteString("status"u8, health.State == EngineState.Ready ? "ok" : "unavailable");
            json.WriteString("state"u8, health.State.ToString().ToLowerInvariant());
            if (health.Reason is not null)
                json.WriteString("reason"u8, health.Reason);
            json.WriteString("model"u8, call.Server.Default.Name);
            json.WriteEndObject();
        });
    }

    public static Task StatsAsync(Call call) =>
        call.RespondAsync(200, output => StatsBody.Write(output, call.Server)).AsTask();

    public static async Task MetricsAsync(Call call)
    {
        byte[] text = MetricsBody.Text(call.Server);
        await call.Exchange.RespondAsync(200, PrometheusText, text);
    }
}

using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;

namespace FastMlx.LoadTests.NBomber;

/// <summary>
/// The closed loop as an NBomber scenario. NBomber's own metrics have no percentiles, so the time to the first token is
/// a step of its own.
/// </summary>
internal static class MessagesScenario
{
    private const string Name = "messages_stream";
    private const int RampSeconds = 10;

    /// <summary>0 when the thresholds hold.</summary>
    public static int Run(LoadOptions options, HttpClient http)
    {
        var bodies = new RequestBodies(options);
        var tokens = Metric.CreateCounter("output-tokens", unitOfMeasure: "tokens");
        ScenarioProps scenario = Scenario.Create(Name, async context =>
        {
            await using var call = new SseClient(http, options, bodies, context.InvocationNumber);
            var first = await Step.Run("ttft", context, async () =>
                Answer(call, await call.StartAsync(context.ScenarioCancellationToken)));
            if (first.IsError) return Answer(call, succeeded: false);
            var rest = await Step.Run("stream_rest", context, async () =>
                Answer(call, await call.FinishAsync(context.ScenarioCancellationToken)));
            if (rest.IsError) return Answer(call, succeeded: false);
            tokens.Add(call.OutputTokens);
            return Answer(call, succeeded: true);
        })
        .WithInit(context =>
        {
            context.RegisterMetric(tokens);
            return Task.CompletedTask;
        })
        .WithWarmUpDuration(TimeSpan.FromSeconds(options.WarmUpSeconds))
        .WithLoadSimulations(
            Simulation.RampingConstant(copies: options.Concurrency, during: TimeSpan.FromSeconds(RampSeconds)),
            Simulation.KeepConstant(copies: options.Concurrency, during: TimeSpan.FromSeconds(options.DurationSeconds)))
        .WithThresholds(
            Threshold.Create(stats => stats.Fail.Request.Percent < 1),
            Threshold.Create("ttft", stats => stats.Ok.Latency.Percent95 < options.MaxTtftP95Ms));

        NodeStats result = NBomberRunner.RegisterScenarios(scenario)
            .WithTestSuite("fastmlx")
            .WithTestName(Name)
            .WithReportFolder(options.ReportFolder)
            .WithReportFormats(ReportFormat.Html, ReportFormat.Md, ReportFormat.Csv)
            .Run();
        ScenarioStats run = result.ScenarioStats.Get(Name);
        double ttftMs = run.StepStats.Get("ttft").Ok.Latency.Percent95;
        return run.Fail.Request.Count == 0 && ttftMs < options.MaxTtftP95Ms ? 0 : 1;
    }

    private static Response<object> Answer(SseClient call, bool succeeded) => succeeded
        ? Response.Ok(statusCode: call.StatusCode, sizeBytes: call.BytesRead)
        : Response.Fail(statusCode: call.StatusCode, message: call.Error);
}

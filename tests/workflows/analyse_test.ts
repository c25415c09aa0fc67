import { assert, assertEquals } from "@std/assert";
import { testWorkflow } from "../../mod.ts";
import { DATASCIENCE_IMAGE, DOCKER, listBoxes } from "../support/engine.ts";
import { readPng } from "./_png.ts";

const file = new URL("../../workflows/analyse.yaml", import.meta.url);

if ("ignore" in DOCKER) {
  Deno.test.ignore(`workflow analyse.yaml (${DOCKER.ignore})`, () => {});
} else {
  const engine = DOCKER;
  testWorkflow(file, {
    env: {
      DOCKER_HOST: engine.host,
      ROUTEBOOK_RUNTIME_PYTHON_DATASCIENCE: DATASCIENCE_IMAGE,
    },
    async after({ result, events, artifacts }) {
      const { summary, ...numbers } = result.outputs;
      assertEquals(numbers, { slope: "545.76", next: "2026-11, 55414.03" });
      assert(String(summary).startsWith("Revenue rises by 545.76 EUR a month."));
      // The first forecast is a month ahead of itself: the workflow's own arithmetic finds it out.
      assertEquals(
        events.flatMap((event) =>
          event.type === "step.finished" && event.retry === true ? [event.step] : []
        ),
        ["trend"],
      );

      const out = `${artifacts}/up/workspace/analyse`;
      const trend = JSON.parse(await Deno.readTextFile(`${out}/trend.json`));
      assertEquals(trend, {
        slope: 545.76,
        intercept: 42315.91,
        forecast: [
          { month: "2026-11", revenue: 55414.03 },
          { month: "2026-12", revenue: 55959.79 },
          { month: "2027-01", revenue: 56505.54 },
        ],
      });
      const { width, height, colours } = await readPng(await Deno.readFile(`${out}/trend.png`));
      assertEquals([width, height], [1200, 672]);
      // Bars, lines over them, a white ground, and letters with smooth edges.
      const many = (colour: string, count: number) => (colours.get(colour) ?? 0) > count;
      assert(many("#b9cfe4", 100_000), "There are no bars");
      assert(many("#d1495b", 1_000), "There is no line");
      assert(many("#ffffff", 100_000), "There is no ground");
      assert(colours.size > 100, "There are no letters");

      const left = await listBoxes(engine, "org.routebook.for=analyse");
      assertEquals(left, []);
    },
  });
}

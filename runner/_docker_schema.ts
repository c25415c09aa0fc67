/**
 * The form of docker backends and of the runtimes that a file has of its own. It is a part of
 * `schema.ts`, which says what such a schema is for.
 *
 * @module
 */

import { z } from "zod";

const text = z.string().min(1);

/** Who installs the packages of a runtime. */
export const PACKAGE_MANAGERS = ["apk", "apt", "cargo", "deno", "go", "npm", "pip"] as const;

const packages = z.array(text).max(1_000).optional();
const setup = z.array(text).max(100).optional();
const variables = z.record(z.string(), z.string()).optional();

/** A runtime that a file has of its own. */
export const runtimeSchema = z.strictObject({
  base: text.describe("The image that it begins with: python:3.12-slim."),
  manager: z.enum(PACKAGE_MANAGERS).optional()
    .describe("Who installs its packages; without it there are none."),
  packages: packages.describe("What is installed, in the words of the package manager."),
  setup: setup
    .describe("Commands for sh that run as root after that, while the image is built."),
  env: variables.describe("Variables of all commands."),
  workdir: text.optional()
    .describe("The directory for the files of the work; /workspace unless said otherwise."),
});

/** Where images come from, at a site that is not like others. */
export const buildSchema = z.strictObject({
  base: text.optional().describe("Replaces the image that the runtime begins with."),
  registry: text.optional()
    .describe("A registry that stands in for Docker Hub: registry.example.org/hub."),
  network: text.optional()
    .describe("The network that builds have, in the engine's words: host."),
});

/** A backend whose files are in a container. */
export const dockerSchema = z.strictObject({
  type: z.literal("docker").describe("Files in a container."),
  runtime: text.optional()
    .describe("What programs there are: a runtime that ships, or one of runtimes."),
  image: text.optional().describe("An image to use as it is, instead of a runtime."),
  packages: packages.describe("What is installed besides the packages of the runtime."),
  setup: setup.describe("Commands for sh that run after those of the runtime."),
  platform: text.optional().describe("The platform of the image: linux/amd64."),
  network: z.enum(["none", "bridge"]).optional()
    .describe("The network that commands have; none unless said otherwise."),
  memory: text.optional()
    .describe("Memory of everything in the container; 2gb unless said otherwise."),
  cpus: z.number().min(0.01).max(1_024).optional()
    .describe("How many processors it may keep busy; all unless said otherwise."),
  processes: z.int().min(8).max(10_000).optional()
    .describe("Processes and threads at a time; 256 unless said otherwise."),
  user: z.union([text, z.int()]).optional()
    .describe("The user of commands, in numbers; 1000:1000 unless said otherwise."),
  workdir: text.optional()
    .describe("The directory that belongs to the user: the runtime's, or /workspace."),
  env: variables.describe("Variables of all commands in it."),
  volumes: z.record(z.string(), text).optional()
    .describe("Volumes of the engine that stay when the container goes, by their prefix."),
  read_only: z.boolean().optional()
    .describe("Whether nothing of its own can be changed but workdir, /tmp and volumes."),
  name: text.optional()
    .describe("Keeps the container, and so its files, from run to run under this name."),
  idle_timeout: text.optional()
    .describe("After how long without use the container is stopped; never unless said otherwise."),
  hard_timeout: text.optional()
    .describe("How long after its start the container is ended; never unless said otherwise."),
  build: buildSchema.optional().describe("Where images come from, at a site of its own."),
}).describe("Files in a container, where shell: docker runs its commands.");

/**
 * The keys of backends and of what their images are built from: the part of `_sections.ts` that says
 * them.
 *
 * @module
 */

import { buildSchema, dockerSchema, PACKAGE_MANAGERS, runtimeSchema } from "./_docker_schema.ts";
import type { Advice } from "./_foreign_words.ts";
import { OTHER_KEY, OTHER_VALUE, otherwise, type Section, TIME } from "./_section.ts";

const FOR_DOCKER = "It is for type: docker";
const SIZE = "Write a number and kb, mb or gb: 2gb";
const PACKAGES = "Write a list of names: [pandas]";
const SETUP = "Write a list of commands: [mkdir -p /data]";
const VARIABLES = "Write a map of texts: { NAME: value }";

/** Words for the network that other programs have. */
const NETWORKS: Readonly<Record<string, Advice>> = {
  host: "A container has no share in this machine's network: write bridge, or none",
  default: "Write bridge, or none",
  true: "Write bridge",
  false: "Write none",
};

const MANAGERS = `Write one of ${PACKAGE_MANAGERS.join(", ")}`;

const docker = Object.keys(dockerSchema.shape);

/** The sections of backends and runtimes. */
export const BACKEND_SECTIONS: readonly Section[] = [
  {
    label: "backend key",
    at: ["backends", "*"],
    keys: ["type", "root", "access", ...docker.filter((key) => key !== "type")],
    instead: {
      // What a docker backend has is unknown in backends of another type alone.
      ...Object.fromEntries(docker.map((key) => [key, FOR_DOCKER])),
      root_dir: 'It is spelt "root" here',
      rootDir: 'It is spelt "root" here',
      root: "It is for type: local",
      access: "Write it at the route: { backend: NAME, access: read }",
      path: 'The directory of a backend is its "root"; "path" belongs to a route',
      mode: 'It is spelt "access" here: read or read-write',
      readonly: "Write access: read",
      read_only: "Write access: read",
      limits: 'Write "memory", "cpus" and "processes" beside "type"',
      mem: 'It is spelt "memory" here',
      mem_limit: 'It is spelt "memory" here',
      cpu: 'It is spelt "cpus" here',
      pids: 'It is spelt "processes" here',
      pids_limit: 'It is spelt "processes" here',
      environment: 'It is spelt "env" here',
      working_dir: 'It is spelt "workdir" here',
      container_name: 'It is spelt "name" here',
      network_mode: 'It is spelt "network" here',
      mounts: "A directory of the host is a backend of type: local, with a route",
      timeout: 'It is spelt "hard_timeout" or "idle_timeout" here',
      dockerfile: "Write a runtime of your own: runtimes: { NAME: { base, packages, setup } }",
      privileged: "There is no such container: leave it out",
      cap_add: "A container has no capabilities: leave it out",
      ports: "Nothing reaches a container from outside: leave it out",
    },
    values: {
      type: {
        memory: "Write type: state",
        filesystem: "Write type: local",
        disk: "Write type: local",
        file: "Write type: local",
        container: "Write type: docker",
        podman: "Write type: docker: it is for Podman too",
        sandbox: "Write type: docker",
      },
      access: {
        readonly: "Write access: read",
        "read-only": "Write access: read",
        ro: "Write access: read",
        rw: "Write access: read-write",
        write: "Write access: read-write",
      },
      network: { ...NETWORKS, [OTHER_VALUE]: "Write bridge, or none" },
      memory: { [OTHER_VALUE]: SIZE },
      user: { [OTHER_VALUE]: 'Write numbers: "1000:1000"' },
      packages: otherwise(PACKAGES),
      setup: otherwise(SETUP),
      env: otherwise(VARIABLES),
      volumes: otherwise("Write a map of prefixes and names: { /cache/: pip-cache }"),
      idle_timeout: otherwise(TIME),
      hard_timeout: otherwise(TIME),
      runtime: otherwise("Write its name: a runtime of your own stands below runtimes at the top"),
      build: otherwise("Write a map: { registry: registry.example.org/hub }"),
    },
  },
  {
    label: "build key",
    at: ["backends", "*", "build"],
    keys: Object.keys(buildSchema.shape),
    instead: {
      image: 'It is spelt "base" here',
      from: 'It is spelt "base" here',
      mirror: 'It is spelt "registry" here',
      context: "Write a runtime of your own: runtimes: { NAME: { base, packages, setup } }",
      dockerfile: "Write a runtime of your own: runtimes: { NAME: { base, packages, setup } }",
    },
  },
  {
    label: "runtimes",
    at: ["runtimes"],
    keys: [],
    values: {
      [OTHER_KEY]: otherwise("Write what it is built from: { base: python:3.12-slim }"),
    },
  },
  {
    label: "runtime key",
    at: ["runtimes", "*"],
    keys: Object.keys(runtimeSchema.shape),
    instead: {
      image: 'It is spelt "base" here',
      from: 'It is spelt "base" here',
      package_manager: 'It is spelt "manager" here',
      run: 'It is spelt "setup" here',
      commands: 'It is spelt "setup" here',
    },
    values: {
      manager: {
        "apt-get": "Write apt",
        pip3: "Write pip",
        yarn: "Write npm",
        pnpm: "Write npm",
        [OTHER_VALUE]: MANAGERS,
      },
      packages: otherwise(PACKAGES),
      setup: otherwise(SETUP),
      env: otherwise(VARIABLES),
    },
  },
];

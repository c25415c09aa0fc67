import { StateBackend } from "../../backends/state.ts";
import { testBackendContract } from "./contract.ts";

testBackendContract("StateBackend", () => Promise.resolve({ backend: new StateBackend() }));

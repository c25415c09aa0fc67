/**
 * Property tests that try the same values in every run.
 *
 * @module
 */

import fc from "fast-check";

fc.configureGlobal({ seed: 1 });

export default fc;

export { forgetApplied, inputsChanged, isDeclaredAsApplied, recordApplied } from './applied.js';
export { type Difference, needsRefresh, replacements } from './difference.js';
export { findDrift } from './find.js';
export { repair } from './repair.js';
export { unseenByTerraform } from './unseen.js';

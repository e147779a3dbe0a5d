/**
 * The Docker provider's version, for the stack and for whoever installs it. JavaScript, as bootstrap.mjs needs it before `npm ci`.
 * 3.x, which the bindings name, deletes a stopped container during `plan`; 4.x starts it again in place.
 */
export const providerVersion = '4.6.0';

/** Where Terraform looks it up. */
export const providerSource = 'kreuzwerker/docker';

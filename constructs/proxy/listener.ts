import type { Endpoint } from '../core/endpoint.js';
import { Rules } from '../core/model.js';
import type { Output } from '../core/output.js';
import { PlatformError } from '../core/platform-error.js';
import {
  byPrefix,
  type HttpListenerModel,
  type HttpRouteModel,
  type HttpRouteProps,
  resolveHttpRoute,
} from './model.js';
import { describeTarget, type Targets } from './targets.js';

/** A port where HTTP is spoken. Its routes say who gets which requests; one that fits none is answered with 404. */
export class Listener {
  private readonly routes: { readonly model: HttpRouteModel; readonly endpoint: Endpoint }[] = [];

  constructor(
    private readonly resolved: HttpListenerModel,
    private readonly targets: Targets,
  ) {}

  get name(): string {
    return this.resolved.name;
  }
  get model(): HttpListenerModel {
    return { ...this.resolved, routes: this.routes.map(({ model }) => model).sort(byPrefix) };
  }

  /**
   * Each route's.
   * @param url of the listener, without a slash at its end
   */
  outputs(url: string): Output[] {
    return this.routes
      .toSorted((a, b) => byPrefix(a.model, b.model))
      .map(({ model: { name, prefix }, endpoint: { offer } }) => ({
        id: name,
        url: prefix === '/' ? url : `${url}${prefix}`,
        ...offer,
      }));
  }

  /**
   * Leads requests to the healthy containers behind an endpoint. Of several routes, the one with the longest prefix gets a
   * request, in whatever order they are declared. `/py/` is for `/py/` and all below it, and not for `/py`.
   * @param prefix of the path: `/`, or begins and ends with a slash
   * @throws PlatformError with all that cannot be: a prefix twice, an endpoint of another deployment, a setting out of its range
   */
  route(prefix: string, endpoint: Endpoint, props: HttpRouteProps = {}): this {
    const rules = new Rules(`${this.name}.route(${prefix})`);
    this.targets.check(rules, endpoint);
    const route = resolveHttpRoute(rules, this.model, prefix, describeTarget(endpoint), props);
    if (rules.problems.length > 0) throw PlatformError.all(rules.problems);
    this.targets.add(endpoint);
    this.routes.push({ model: route, endpoint });
    return this;
  }
}

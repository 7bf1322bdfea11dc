"""Model endpoints: servers of the OpenAI protocol, asked on behalf of stage Pods.

A Gateway has one Endpoint a role. An Endpoint adds key and model name to a request, keeps to its
number of requests at once, and gives back a reply without any trace of the model's name.

It knows neither callers nor HTTP statuses of ours: that is the API service's. No prompt, reply or
key is ever logged or quoted in an error here.
"""

-- How many different customers ordered in the year?
select count(distinct dimensions->>'customer_id') as customers
from analytics_data_points
where platform = 'coreldove' and metric_name = 'order_revenue'
